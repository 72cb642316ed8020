;; Logs a thousand lines in every tick.
(data (i32.const 64) "flood")
(func $on_step (param i32 i32) (local $left i32)
  (local.set $left (i32.const 1000))
  (loop $again
    (call $log (i32.const 1) (i32.const 64) (i32.const 5))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br_if $again (local.get $left))))
