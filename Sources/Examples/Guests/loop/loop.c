// A program that never ends and never asks for anything: only the server can stop it.
#include <stdio.h>

int main(void) {
    printf("here I go\n");
    fflush(stdout);
    for (volatile unsigned turn = 0;; turn++) {
    }
}
