// A program that knows nothing of Selium: it greets its first argument and exits with 7.
#include <stdio.h>

int main(int argc, char **argv) {
    printf("Hello, %s, from C\n", argc > 1 ? argv[1] : "nobody");
    printf("stdout is a stream of lines\n");
    printf("and the exit code is mine\n");
    return 7;
}
