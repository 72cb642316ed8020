(func $on_describe
  (call $send (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 512)))
