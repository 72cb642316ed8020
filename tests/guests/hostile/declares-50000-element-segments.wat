;; repeat 50000
(elem (i32.const 0))
