;; Sends every message back to everyone, reliably, and logs a line at the start.
(data (i32.const 64) "hello")
(func $on_start (call $log (i32.const 1) (i32.const 64) (i32.const 5)))
;; An event has 48 bytes; message is case 4: seat at 8, via at 10, data at 12 and 16.
(func $on_step (param $events i32) (param $count i32)
  (block $done
    (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      (if (i32.eq (i32.load8_u (local.get $events)) (i32.const 4))
        (then (call $send (i32.const 1) (i32.const 0) (i32.const 0)
          (i32.load offset=12 (local.get $events)) (i32.load offset=16 (local.get $events)) (i32.const 512))))
      (local.set $events (i32.add (local.get $events) (i32.const 48)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next))))
