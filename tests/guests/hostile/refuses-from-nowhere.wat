;; Refuses to start, and says why from memory that does not exist.
(func $on_start
  (i32.store8 (i32.const 320) (i32.const 1))
  (i32.store (i32.const 328) (i32.const -16))
  (i32.store (i32.const 332) (i32.const 64)))
