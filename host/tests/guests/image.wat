;; The `image` interface of guests that ask for it.
(func (export "stadion:game/image@0.1.0#prepare") (call $on_prepare))
