// SwiftPM needs one source file to link the library; including the header checks its layouts.
#include "cwasmtime.h"
