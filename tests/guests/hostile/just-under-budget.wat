;; Works for as many rounds in every tick as the newest message says: whoever sends it finds out how many fit the budget.
(global $rounds (mut i32) (i32.const 0))
(func $on_step (param $events i32) (param $count i32) (local $left i32)
  (block $done
    (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      (if (i32.eq (i32.load8_u (local.get $events)) (i32.const 4))
        (then (global.set $rounds (i32.load (i32.load offset=12 (local.get $events))))))
      (local.set $events (i32.add (local.get $events) (i32.const 48)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))
  (local.set $left (global.get $rounds))
  (loop $work
    (i32.store (i32.const 1024) (i32.add (i32.load (i32.const 1024)) (i32.const 1)))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br_if $work (i32.gt_s (local.get $left) (i32.const 0)))))
