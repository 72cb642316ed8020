;; A list of a million placings, all of them the same bytes.
(func $on_start (drop (memory.grow (i32.const 300))))
(func $on_step (param i32 i32)
  (call $finish (i32.const 65536) (i32.const 1000000) (i32.const 0) (i32.const 0)))
