;; repeat 50000
(global i32 (i32.const 0))
