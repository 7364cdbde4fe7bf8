# shellcheck shell=bash
# Sourced by the scripts that call more of the toolchain than `swift`.

# toolchain_folder : the usr folder of the toolchain behind the swift on PATH. Asked from the compiler,
# because what lies on PATH may be a launcher that chooses one of several.
toolchain_folder() {
    local folder
    folder=$(swiftc -print-target-info |
        sed -n 's/.*"runtimeResourcePath": "\(.*\)\/lib\/swift".*/\1/p' | head -n 1)
    [ -x "$folder/bin/clang" ] || fail "The Swift toolchain has no clang in ${folder:-?}/bin."
    printf '%s\n' "$folder"
}
