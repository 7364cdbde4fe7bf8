// Says how it is going in its log, beside what it prints: with levels, and values that have names.
#include <selium.h>
#include <stdio.h>

int main(int argc, char **argv) {
    const char *file = argc > 1 ? argv[1] : "orders.csv";
    selium_field_t fields[] = {selium_field("file", file), selium_field("rows", "3")};
    if (selium_log(SELIUM_INFO, "import", "began", fields, 1)) return 1;
    printf("3 rows\n");
    fflush(stdout);
    if (selium_log(SELIUM_WARNING, "import", "a row has no price", fields, 2)) return 1;
    return 0;
}
