;; Writes one page (4 KiB) of its memory and then sleeps in poll_oneoff, an hour at a time.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; One subscription of 48 bytes at 0: userdata 1, tag 0 (clock), clock 1 (monotonic),
  ;; timeout 3,600,000,000,000 ns, precision 0, flags 0 (relative).
  (data (i32.const 0)
    "\01\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00" "\01\00\00\00\00\00\00\00"
    "\00\a0\b8\30\46\03\00\00" "\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00")
  (func (export "_start")
    (memory.fill (i32.const 256) (i32.const 90) (i32.const 3840))
    (loop $again
      (if (call $poll (i32.const 0) (i32.const 128) (i32.const 1) (i32.const 192))
        (then (unreachable)))
      (br $again))))
