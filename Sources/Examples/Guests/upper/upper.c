// Copies its standard input to its standard output in capitals, line by line, until it ends.
#include <ctype.h>
#include <stdio.h>

int main(void) {
    int byte;
    while ((byte = getchar()) != EOF) {
        putchar(toupper(byte));
        if (byte == '\n') fflush(stdout);
    }
    return 0;
}
