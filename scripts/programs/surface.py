# What a program asks of WASI preview 1, in Python; argv is what follows the script.
import os
import sys
import time

print("args" + "".join(" [" + word + "]" for word in sys.argv[2:]))
print("colour", os.environ.get("COLOUR"))
for line in sys.stdin:
    print("in", line.rstrip("\n").upper())
begin = time.monotonic()
time.sleep(0.2)
slept = time.monotonic() - begin
print("clock", "true" if time.time() > 1.7e9 else "false")
print("slept", "true" if 0.2 <= slept < 30 else "false")
print("random", "true" if os.urandom(16) != os.urandom(16) else "false")
sys.stdout.flush()
print("to stderr", file=sys.stderr)
sys.exit(5)
