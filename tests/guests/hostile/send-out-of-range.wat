(func $on_step (param i32 i32)
  (call $send (i32.const 1) (i32.const 0) (i32.const 0) (i32.const -8) (i32.const 64) (i32.const 512)))
