;; Gives out address 0 for everything, so that arguments lie on top of each other and of the guest's own data.
(func $on_alloc (param i32) (result i32) (i32.const 0))
