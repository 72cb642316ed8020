;; Refuses to start, and says why in bytes that are no text.
(data (i32.const 64) "\ff\fe\80")
(func $on_start
  (i32.store8 (i32.const 320) (i32.const 1))
  (i32.store (i32.const 328) (i32.const 64))
  (i32.store (i32.const 332) (i32.const 3)))
