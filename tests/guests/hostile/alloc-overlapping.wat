;; Gives out the same address for everything, in the midst of what it was given before: lists of a tick lie on top of each
;; other, and on the tick itself.
(global $first (mut i32) (i32.const 0))
(func $on_alloc (param i32) (result i32)
  (if (i32.eqz (global.get $first)) (then (global.set $first (local.get 0))))
  (global.get $first))
