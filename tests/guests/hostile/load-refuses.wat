;; state
;; Starts like any game, and refuses what it saved itself.
(data (i32.const 900) "not from here")
(func $on_load
  (i32.store8 (i32.const 320) (i32.const 1))
  (i32.store (i32.const 328) (i32.const 900))
  (i32.store (i32.const 332) (i32.const 13)))
