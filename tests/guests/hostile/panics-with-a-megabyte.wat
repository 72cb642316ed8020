;; Says a megabyte of why, as an error, then traps.
(func $on_start
  (drop (memory.grow (i32.const 32)))
  (memory.fill (i32.const 131072) (i32.const 120) (i32.const 1048576)))
(func $on_step (param i32 i32)
  (call $log (i32.const 3) (i32.const 131072) (i32.const 1048576))
  unreachable)
