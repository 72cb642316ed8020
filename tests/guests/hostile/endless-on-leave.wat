;; Never returns from a leave.
(func $on_step (param $events i32) (param $count i32)
  (if (call $has (i32.const 3) (local.get $events) (local.get $count)) (then (loop $again (br $again)))))
