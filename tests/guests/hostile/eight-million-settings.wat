;; Describes itself with eight million settings, all of them the same empty words.
(func $on_describe
  (drop (memory.grow (i32.const 2046)))
  (i32.store (i32.const 296) (i32.const 1024))
  (i32.store (i32.const 300) (i32.const 8000000)))
