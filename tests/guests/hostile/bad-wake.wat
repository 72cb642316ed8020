;; Answers wake number 7.
(func $on_step (param i32 i32) (i32.store8 (i32.const 384) (i32.const 7)))
