;; repeat 50000
(data (i32.const 0) "")
