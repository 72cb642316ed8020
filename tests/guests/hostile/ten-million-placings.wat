;; A list of ten million placings, which reaches past the end of memory.
(func $on_step (param i32 i32)
  (call $finish (i32.const 65536) (i32.const 10000000) (i32.const 0) (i32.const 0)))
