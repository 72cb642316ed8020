;; What every guest here has besides its own functions. Memory: 0 title, 64 log texts, 256 description, 320 answer of
;; start and load, 384 wake of step, 448 saved bytes, 512 scratch of imports, heap from 65536.
(import "stadion:game/host@0.1.0" "send" (func $send (param i32 i32 i32 i32 i32 i32)))
(import "stadion:game/host@0.1.0" "log" (func $log (param i32 i32 i32)))
(import "stadion:game/host@0.1.0" "finish" (func $finish (param i32 i32 i32 i32)))
(memory (export "memory") 2 2048)
(global $heap (mut i32) (i32.const 65536))
(global $ticks (mut i32) (i32.const 0))
(data (i32.const 0) "guest")

;; A bump allocator that grows memory and never frees; every step starts it afresh.
(func $alloc (export "cabi_realloc") (param $old i32) (param $old_len i32) (param $align i32) (param $len i32) (result i32)
  (local $at i32)
  (local.set $at
    (i32.and (i32.add (global.get $heap) (i32.sub (local.get $align) (i32.const 1))) (i32.sub (i32.const 0) (local.get $align))))
  (global.set $heap (i32.add (local.get $at) (local.get $len)))
  (block $fits
    (br_if $fits (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
    (drop (memory.grow (i32.add (i32.div_u (local.get $len) (i32.const 65536)) (i32.const 1)))))
  (call $on_alloc (local.get $at)))

(func (export "stadion:game/game@0.1.0#describe") (result i32)
  (call $on_describe)
  (i32.store (i32.const 256) (i32.const 0))      ;; title
  (i32.store (i32.const 260) (i32.const 5))
  (i32.store16 (i32.const 264) (i32.const 1))    ;; seats-min
  (i32.store16 (i32.const 266) (i32.const 4))    ;; seats-max
  (i32.store16 (i32.const 270) (i32.const 20))   ;; rate
  (i64.store (i32.const 272) (i64.const 134217728)) ;; memory-bytes: 128 MiB
  (i32.store (i32.const 280) (i32.const 20000))  ;; step-us
  (i32.const 256))

(func (export "stadion:game/game@0.1.0#start") (param $setup i32) (result i32)
  (call $on_start)
  (i32.const 320))

(func (export "stadion:game/game@0.1.0#step")
  (param $number i64) (param $time i64) (param $skipped i64) (param $events i32) (param $count i32) (result i32)
  (call $on_step (local.get $events) (local.get $count))
  (global.set $ticks (i32.add (global.get $ticks) (i32.const 1)))
  (global.set $heap (i32.const 65536))
  (i32.const 384))

;; Whether an event of this kind is among those of the tick: 0 joined, 3 left, 4 message.
(func $has (param $kind i32) (param $events i32) (param $count i32) (result i32)
  (block $done
    (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      (if (i32.eq (i32.load8_u (local.get $events)) (local.get $kind)) (then (return (i32.const 1))))
      (local.set $events (i32.add (local.get $events) (i32.const 48)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))
  (i32.const 0))
