;; Logs bytes that are no text.
(data (i32.const 64) "\ff\fe\80")
(func $on_step (param i32 i32) (call $log (i32.const 1) (i32.const 64) (i32.const 3)))
