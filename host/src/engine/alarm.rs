//! The timer of a thread that runs guests: it ends a slice on the very core that the guest keeps busy.
//!
//! The [ticker](super::Ticker) is a thread, and a thread waits for a core. Where the guest's is the only one that is left, the
//! kernel decides when the ticker has its turn: beside compilers on both cores, one in a hundred slices of two epochs took 4.4 ms
//! of CPU time. A timer of the guest's own thread interrupts that thread wherever it runs: with it 2.0 ms.
//!
//! ```text
//!   timer_create(SIGEV_THREAD_ID) ── each millisecond, while the thread works ──▶ signal to the thread ──▶ Epochs::pass
//! ```
//! The timer runs on once it is armed; a signal that finds the thread at rest disarms it. So a thread that is busy makes no
//! system call for it, and one that sleeps is woken once. Both signal and ticker count milliseconds of the same clock, and who
//! comes first advances the epoch. Elsewhere than on Linux there is the ticker alone.

#[cfg(target_os = "linux")]
pub(crate) use self::linux::Alarm;

/// No timers that a thread could be interrupted by.
#[cfg(not(target_os = "linux"))]
#[derive(Debug, Default)]
pub(crate) struct Alarm;

#[cfg(not(target_os = "linux"))]
impl Alarm {
    /// Nothing to start here.
    pub(crate) fn of_this_thread(_: &wasmtime::Engine, _: &std::sync::Arc<super::ticker::Epochs>) -> Alarm {
        Alarm
    }

    /// Nothing to do here.
    pub(crate) fn work_begins(&self) {}

    /// Nothing to do here.
    pub(crate) fn rest_begins(&self) {}
}

#[cfg(target_os = "linux")]
mod linux {
    #![expect(unsafe_code, reason = "timers and signals have no safe wrapper")]

    use std::ffi::{c_int, c_void};
    use std::io::{Error, Result};
    use std::marker::PhantomData;
    use std::sync::atomic::Ordering::Relaxed;
    use std::sync::atomic::{AtomicBool, AtomicPtr};
    use std::sync::{Arc, OnceLock};
    use std::{mem, ptr};

    use super::super::ticker::{EPOCH, Epochs};

    /// Which of the signals that mean nothing by themselves it is; the C library keeps the first ones.
    const NTH: c_int = 6;

    /// `SIGEV_THREAD_ID` of `<signal.h>`.
    const TO_A_THREAD: c_int = 4;

    /// The timer of the thread that made it; it ends with this. Without one (the system allows no more) there is the ticker.
    pub(crate) struct Alarm {
        beat: Option<Box<Beat>>,
        /// A thread alone may delete what interrupts it: afterwards no signal of it is on its way.
        on_this_thread: PhantomData<*const ()>,
    }

    /// What the signal's handler works on.
    struct Beat {
        engine: wasmtime::Engine,
        epochs: Arc<Epochs>,
        timer: AtomicPtr<c_void>,
        armed: AtomicBool,
        resting: AtomicBool,
    }

    impl Alarm {
        /// Makes one for the calling thread, not armed.
        pub(crate) fn of_this_thread(engine: &wasmtime::Engine, epochs: &Arc<Epochs>) -> Alarm {
            let beat = Beat::start(engine.clone(), Arc::clone(epochs));
            let beat =
                beat.inspect_err(|error| tracing::warn!(%error, "no timer for a shard: slices may be longer")).ok();
            Alarm { beat, on_this_thread: PhantomData }
        }

        /// From here on the thread may be in a guest.
        pub(crate) fn work_begins(&self) {
            let Some(beat) = &self.beat else { return };
            // In this order: a signal between the two leaves the timer as it is.
            beat.resting.store(false, Relaxed);
            if !beat.armed.load(Relaxed) {
                beat.arm();
            }
        }

        /// From here on it waits.
        pub(crate) fn rest_begins(&self) {
            self.beat.iter().for_each(|beat| beat.resting.store(true, Relaxed));
        }

        #[cfg(test)]
        pub(super) fn is_armed(&self) -> bool {
            self.beat.as_ref().is_some_and(|beat| beat.armed.load(Relaxed))
        }
    }

    impl Drop for Alarm {
        fn drop(&mut self) {
            if let Some(beat) = &self.beat {
                // SAFETY: the timer was made by `Beat::start` and is deleted here alone. A signal of it to this thread that
                // is already on its way is handled before the call returns, and `beat` lives until then.
                unsafe { libc::timer_delete(beat.timer.load(Relaxed)) };
            }
        }
    }

    impl Beat {
        fn start(engine: wasmtime::Engine, epochs: Arc<Epochs>) -> Result<Box<Beat>> {
            let signal = handled()?;
            let beat = Box::new(Beat {
                engine,
                epochs,
                timer: AtomicPtr::new(ptr::null_mut()),
                armed: AtomicBool::new(false),
                resting: AtomicBool::new(true),
            });
            // SAFETY: `sigevent` is plain data for which zeroes are valid.
            let mut event: libc::sigevent = unsafe { mem::zeroed() };
            event.sigev_notify = TO_A_THREAD;
            event.sigev_signo = signal;
            event.sigev_value.sival_ptr = (&raw const *beat).cast_mut().cast();
            event.sigev_notify_thread_id = rustix::thread::gettid().as_raw_nonzero().get();
            let mut timer: libc::timer_t = ptr::null_mut();
            // SAFETY: `event` and `timer` outlive the call. The timer hands out the address of `beat`, which lives in its box
            // until `Alarm` has deleted the timer.
            let made = unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) };
            if made != 0 {
                return Err(Error::last_os_error());
            }
            beat.timer.store(timer, Relaxed);
            Ok(beat)
        }

        /// Each time a millisecond begins: all timers and the ticker at the same moments.
        fn arm(&self) {
            let interval = libc::timespec { tv_sec: 0, tv_nsec: EPOCH.subsec_nanos().into() };
            // The next one: a first moment that has passed is a signal at once.
            let next = Epochs::next();
            let first = libc::timespec {
                tv_sec: i64::try_from(next.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: next.subsec_nanos().into(),
            };
            self.armed.store(true, Relaxed);
            self.set(libc::TIMER_ABSTIME, libc::itimerspec { it_interval: interval, it_value: first });
        }

        /// May be called in a signal's handler.
        fn disarm(&self) {
            let never = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            self.armed.store(false, Relaxed);
            self.set(0, libc::itimerspec { it_interval: never, it_value: never });
        }

        fn set(&self, flags: c_int, when: libc::itimerspec) {
            // SAFETY: the timer lives as long as this does, and `when` outlives the call. It fails for nothing but arguments
            // that make no sense, and then slices are as long as the ticker lets them be.
            unsafe { libc::timer_settime(self.timer.load(Relaxed), flags, &raw const when, ptr::null_mut()) };
        }
    }

    /// The signal, once this process handles it.
    fn handled() -> Result<c_int> {
        static HANDLED: OnceLock<std::result::Result<c_int, c_int>> = OnceLock::new();
        HANDLED.get_or_init(handle).map_err(Error::from_raw_os_error)
    }

    fn handle() -> std::result::Result<c_int, c_int> {
        let signal = libc::SIGRTMIN() + NTH;
        // SAFETY: `sigaction` is plain data for which zeroes are valid.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = on_signal as *const () as usize;
        // On the thread's own stack for signals, and system calls go on.
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
        // SAFETY: `action` outlives the call, and the handler does only what is allowed in one: see there.
        let set = unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
        if set == 0 { Ok(signal) } else { Err(Error::last_os_error().raw_os_error().unwrap_or_default()) }
    }

    /// Runs on the thread that is interrupted, at any instruction of it: no locks, no memory, no panics.
    extern "C" fn on_signal(_: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
        // SAFETY: with `SA_SIGINFO` the kernel hands a valid `siginfo_t`.
        let info = unsafe { &*info };
        if info.si_code != libc::SI_TIMER {
            // Somebody else's signal: it carries no address of ours.
            return;
        }
        // SAFETY: signals of timers carry their `sigev_value`, which with this signal is a `Beat` that lives until its timer
        // has been deleted on this thread.
        let beat = unsafe { &*info.si_value().sival_ptr.cast::<Beat>() };
        if beat.resting.load(Relaxed) {
            beat.disarm();
        } else {
            beat.epochs.pass(&beat.engine);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Duration;

    use wasmtime::{Instance, Module, Store, Trap};

    use super::super::{Engine, EngineConfig, Sessions};
    use crate::clock;

    fn engine() -> Engine {
        Engine::new(EngineConfig { sessions: Sessions::OnDemand, ..EngineConfig::default() })
            .expect("an engine without a pool")
    }

    /// Works until something has come about, for ten seconds at most.
    fn work_until(come: impl Fn() -> bool) {
        let until = clock::now() + Duration::from_secs(10);
        while !come() {
            assert!(clock::now() < until, "it does not come");
            std::hint::spin_loop();
        }
    }

    #[test]
    fn a_guest_is_interrupted_though_no_other_thread_advances_the_epoch() {
        let engine = engine();
        let alarm = engine.alarm();
        let spins = wat::parse_str(r#"(module (func (export "spin") (loop (br 0))))"#).unwrap();
        let module = Module::new(&engine.0.wasmtime, spins).unwrap();
        let mut store = Store::new(&engine.0.wasmtime, ());
        store.set_epoch_deadline(2);
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let spin = instance.get_typed_func::<(), ()>(&mut store, "spin").unwrap();
        alarm.work_begins();
        let trap = spin.call(&mut store, ()).unwrap_err();
        assert_eq!(trap.downcast_ref::<Trap>(), Some(&Trap::Interrupt), "{trap:#}");
    }

    #[test]
    fn a_thread_at_rest_is_left_alone_until_it_works_again() {
        let alarm = engine().alarm();
        assert!(!alarm.is_armed());
        for _ in 0..3 {
            alarm.work_begins();
            assert!(alarm.is_armed());
            alarm.rest_begins();
            work_until(|| !alarm.is_armed());
        }
    }

    #[test]
    fn timers_end_with_their_threads() {
        let engine = engine();
        for _ in 0..20 {
            let engine = engine.clone();
            let thread = std::thread::spawn(move || {
                let alarm = engine.alarm();
                alarm.work_begins();
                let before = engine.0.epochs.newest();
                work_until(|| engine.0.epochs.newest() > before);
            });
            thread.join().unwrap();
        }
    }
}
