// What a program asks of WASI preview 1, in Go.
package main

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	fmt.Print("args")
	for _, argument := range os.Args[2:] {
		fmt.Printf(" [%s]", argument)
	}
	fmt.Printf("\ncolour %s\n", os.Getenv("COLOUR"))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Printf("in %s\n", strings.ToUpper(lines.Text()))
	}
	begin := time.Now()
	var sleepers sync.WaitGroup
	for range 20 {
		sleepers.Add(1)
		go func() {
			defer sleepers.Done()
			time.Sleep(200 * time.Millisecond)
		}()
	}
	sleepers.Wait()
	slept := time.Since(begin)
	fmt.Printf("clock %t\n", time.Now().Unix() > 1700000000)
	fmt.Printf("slept %t\n", slept >= 200*time.Millisecond && slept < 30*time.Second)
	one, two := make([]byte, 16), make([]byte, 16)
	_, first := rand.Read(one)
	_, second := rand.Read(two)
	fmt.Printf("random %t\n", first == nil && second == nil && string(one) != string(two))
	fmt.Fprintln(os.Stderr, "to stderr")
	os.Exit(5)
}
