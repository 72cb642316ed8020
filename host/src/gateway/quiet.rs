//! A future that is looked at only after it was woken. A connection waits for several things at once, and asking all of
//! them at every datagram costs more than the datagram does.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Holds one future, which it polls when that future's waker was used, and else not.
pub(super) struct Quiet<T> {
    future: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    bell: Arc<Bell>,
}

/// The waker that the future is given.
struct Bell {
    rung: AtomicBool,
    /// Whoever polls the whole.
    outer: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        let outer = self.outer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(outer) = outer {
            outer.wake();
        }
    }
}

impl<T> Quiet<T> {
    /// Nothing to wait for yet: for ever pending.
    pub(super) fn empty() -> Quiet<T> {
        Quiet { future: None, bell: Arc::new(Bell { rung: AtomicBool::new(false), outer: Mutex::new(None) }) }
    }

    /// Waits for this from now on.
    pub(super) fn set(&mut self, future: impl Future<Output = T> + Send + 'static) {
        self.future = Some(Box::pin(future));
        self.bell.rung.store(true, Ordering::SeqCst);
    }

    /// The result, once; the caller sets the next. Safe to cancel between polls.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let Some(future) = &mut self.future else { return Poll::Pending };
        {
            let mut outer = self.bell.outer.lock().unwrap_or_else(PoisonError::into_inner);
            if !outer.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                *outer = Some(cx.waker().clone());
            }
        }
        // Looked at after the outer waker is known: a ring before that is seen here, a later one wakes.
        if !self.bell.rung.swap(false, Ordering::SeqCst) {
            return Poll::Pending;
        }
        let waker = Waker::from(Arc::clone(&self.bell));
        let result = std::task::ready!(future.as_mut().poll(&mut Context::from_waker(&waker)));
        self.future = None;
        Poll::Ready(result)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::task::Waker;

    use super::*;

    #[test]
    fn it_is_polled_when_woken_and_not_before() {
        let polls = Arc::new(AtomicU32::new(0));
        let inner: Arc<Mutex<Option<Waker>>> = Arc::default();
        let (count, kept) = (Arc::clone(&polls), Arc::clone(&inner));
        let mut quiet = Quiet::empty();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(quiet.poll(&mut cx).is_pending());
        quiet.set(std::future::poll_fn(move |cx| {
            *kept.lock().unwrap() = Some(cx.waker().clone());
            if count.fetch_add(1, Ordering::Relaxed) < 1 { Poll::Pending } else { Poll::Ready(7) }
        }));
        assert!(quiet.poll(&mut cx).is_pending());
        assert!(quiet.poll(&mut cx).is_pending());
        assert_eq!(polls.load(Ordering::Relaxed), 1, "not asked again");
        inner.lock().unwrap().take().unwrap().wake();
        assert_eq!(quiet.poll(&mut cx), Poll::Ready(7));
        assert!(quiet.poll(&mut cx).is_pending(), "nothing is left to wait for");
    }
}
