;; Sends to a seat where nobody sits and to one that does not exist: both are errors to handle, anything else traps.
(func $on_step (param i32 i32)
  ;; An error has 1 at 512, and which at 513: 0 no such seat, 1 not connected.
  (call $send (i32.const 0) (i32.const 999) (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 512))
  (if (i32.ne (i32.load16_u (i32.const 512)) (i32.const 0x0001)) (then unreachable))
  (call $send (i32.const 0) (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 5) (i32.const 512))
  (if (i32.ne (i32.load16_u (i32.const 512)) (i32.const 0x0101)) (then unreachable)))
