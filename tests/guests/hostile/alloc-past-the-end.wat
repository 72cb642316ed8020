;; Gives out the last bytes that it has: what is written there ends outside of its memory.
(func $on_alloc (param i32) (result i32)
  (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)))
