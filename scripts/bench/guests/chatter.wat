;; Writes lines of 65 bytes to stdout, 64 a call, for ever, and computes between the calls, so that it is
;; the processor that sets its pace and not the limit of what a log takes: whatever holds up its writes
;; is seen in its rate.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\00\01\00\00\40\10\00\00")
  (func (export "_start") (local $at i32) (local $left i32) (local $noise i32)
    (local.set $at (i32.const 256))
    (loop $fill
      (memory.fill (local.get $at) (i32.const 120) (i32.const 64))
      (i32.store8 offset=64 (local.get $at) (i32.const 10))
      (local.set $at (i32.add (local.get $at) (i32.const 65)))
      (br_if $fill (i32.lt_u (local.get $at) (i32.const 4416))))
    (loop $again
      (local.set $left (i32.const 200000))
      (loop $compute
        (local.set $noise (i32.add (i32.mul (local.get $noise) (i32.const 1664525)) (local.get $left)))
        (i32.store (i32.const 64) (local.get $noise))
        (br_if $compute (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))
      (br $again))))
