;; Logs what terminals act on: colours, a line break, NUL, a bell, text that turns around.
(data (i32.const 64) "red \1b[31m cr \r lf \n nul \00 bell \07 turned \e2\80\ae end")
(func $on_step (param i32 i32) (call $log (i32.const 1) (i32.const 64) (i32.const 48)))
