//! A thread for the network, for programs without a tokio runtime: engines.

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::error::Error;

/// A thread that does the network's work. Keep it as long as matches made by it are played; dropping it stops them.
///
/// ```no_run
/// # use stadion_client::{Network, Play, Stadion};
/// # fn frame() {}
/// let network = Network::start()?;
/// let mut joining = network.spawn(async {
///     Stadion::guest("http://127.0.0.1:7878", "ada").await?.play_raw("hello", Play::Any).await
/// });
/// let mut game = loop {
///     frame();
///     if let Some(game) = joining.poll() {
///         break game?;
///     }
/// };
/// while let Some(event) = game.poll() { /* once a frame */ }
/// # Ok::<(), stadion_client::Error>(())
/// ```
#[derive(Debug)]
pub struct Network(Option<Runtime>);

impl Network {
    /// Starts the thread.
    pub fn start() -> Result<Network, Error> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("stadion-network")
            .enable_all()
            .build()
            .map_err(Error::system("a thread for the network"))?;
        Ok(Network(Some(runtime)))
    }

    /// Runs something on the thread; its result is there when [`Joining::poll`] says so.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Joining<T> {
        let (done, result) = oneshot::channel();
        let runtime = self.0.as_ref().expect("taken only as it is dropped");
        runtime.spawn(async move {
            // Whoever asked may have gone; the result goes with them.
            drop(done.send(work.await));
        });
        Joining(Some(result))
    }
}

impl Drop for Network {
    /// Does not wait, wherever it is dropped.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Something that the network thread is doing.
#[derive(Debug)]
pub struct Joining<T>(Option<oneshot::Receiver<Result<T, Error>>>);

impl<T> Joining<T> {
    /// The result, once, when it is there. Never blocks.
    pub fn poll(&mut self) -> Option<Result<T, Error>> {
        let result = match self.0.as_mut()?.try_recv() {
            Ok(result) => result,
            Err(oneshot::error::TryRecvError::Empty) => return None,
            Err(oneshot::error::TryRecvError::Closed) => {
                Err(Error::System { what: "the network's work", problem: "its thread has stopped".to_owned() })
            }
        };
        self.0 = None;
        Some(result)
    }
}
