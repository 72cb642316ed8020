;; The `state` interface of guests that ask for it: what is saved is the number of ticks and a word that
;; the guest may use as it likes, unless the guest says that something else is.
(global $saved_at (mut i32) (i32.const 456))
(global $saved_len (mut i32) (i32.const 8))
(global $kept (mut i32) (i32.const 0))
(func (export "stadion:game/state@0.1.0#save") (result i32)
  (call $on_save)
  (i32.store (i32.const 456) (global.get $ticks))
  (i32.store (i32.const 460) (global.get $kept))
  (i32.store (i32.const 448) (global.get $saved_at))
  (i32.store (i32.const 452) (global.get $saved_len))
  (i32.const 448))

(func (export "stadion:game/state@0.1.0#load") (param $args i32) (result i32)
  (global.set $ticks (i32.load (i32.load offset=112 (local.get $args))))
  (global.set $kept (i32.load offset=4 (i32.load offset=112 (local.get $args))))
  (call $on_load)
  (i32.const 320))
