//! Topics in Redis: messages are kept as lists and passed on by publish and subscribe.
//!
//! A connection of its own listens to the topics that somebody here wants. When it is lost, it is made again and every
//! listener catches up from what is kept; so nobody notices more than a delay.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Client, RedisError};
use tokio::sync::{mpsc, oneshot};

use super::{ANSWER, FIRST_DELAY, LONGEST_DELAY, RedisCoordination, ms};
use crate::clock::{Rng, random};
use crate::coordination::topic::{Backlog, Kept, Line, NUMBERED_FOR, Switchboard, check_size};
use crate::coordination::{CoordinationError, KEPT, KEPT_FOR, Listener, Topics};

/// Wishes that wait for the connection; more wait for a place.
const WISHES: usize = 1_024;

/// Channels that are asked for at once after a reconnection.
const CHANNELS_AT_ONCE: usize = 1_000;

#[async_trait::async_trait]
impl Topics for RedisCoordination {
    async fn tell(&self, topic: &str, message: &[u8]) -> Result<u64, CoordinationError> {
        check_size(message)?;
        let mut call = self.scripts.tell.key(self.key("topic-last", topic));
        call.key(self.key("topic", topic)).arg(self.key("topic", topic)).arg(message);
        call.arg(KEPT).arg(ms(KEPT_FOR)).arg(ms(NUMBERED_FOR));
        self.invoke(&call).await
    }

    async fn listen(&self, topic: &str, after: Option<u64>) -> Result<Listener, CoordinationError> {
        let channel = self.key("topic", topic);
        let (live, _) = self.switchboard.connect(&channel);
        // Also where others listen already: the first of them may not have got through yet.
        self.wire.subscribe(&channel).await?;
        let wire = self.wire.clone();
        let hang_up = Box::new(move |channel: &str| wire.tidy(channel));
        Listener::start(&channel, after, live, Arc::new(self.clone()), hang_up).await
    }
}

#[async_trait::async_trait]
impl Backlog for RedisCoordination {
    /// `topic` is its key here.
    async fn kept(&self, topic: &str) -> Result<Kept, CoordinationError> {
        let name = topic.strip_prefix(&self.key("topic", "")).unwrap_or(topic);
        let mut both = redis::pipe();
        both.atomic().get(self.key("topic-last", name)).lrange(topic, 0, -1);
        let mut connection = self.connection.clone();
        let (last, lines): (Option<u64>, Vec<Bytes>) = super::within(both.query_async(&mut connection)).await?;
        let lines = lines.iter().map(line).collect::<Option<_>>();
        let lines = lines.ok_or_else(|| CoordinationError(format!("{topic} holds what is no message")))?;
        Ok(Kept { last: last.unwrap_or_default(), lines })
    }
}

/// Reads `before number bytes`.
fn line(text: &Bytes) -> Option<Line> {
    let mut parts = text.splitn(3, |byte| *byte == b' ');
    let mut number = || std::str::from_utf8(parts.next()?).ok()?.parse().ok();
    let (before, number) = (number()?, number()?);
    let bytes = text.slice_ref(parts.next()?);
    Some(Line { number, before, bytes })
}

/// What the connection that listens is asked for.
enum Wish {
    /// Answered once the server has confirmed it.
    Subscribe(String, oneshot::Sender<()>),
    /// Somebody has hung up: perhaps the last.
    Tidy(String),
}

/// Reaches the task that listens. It ends when all of these are gone.
#[derive(Clone)]
pub(super) struct Wire {
    wishes: mpsc::Sender<Wish>,
}

impl Wire {
    pub(super) fn spawn(client: Client, switchboard: Arc<Switchboard>, rng: Arc<dyn Rng>) -> Wire {
        let (wishes, wanted) = mpsc::channel(WISHES);
        tokio::spawn(listen(client, switchboard, rng, wanted));
        Wire { wishes }
    }

    async fn subscribe(&self, channel: &str) -> Result<(), CoordinationError> {
        let (done, confirmed) = oneshot::channel();
        let asked = async {
            self.wishes.send(Wish::Subscribe(channel.to_owned(), done)).await.ok()?;
            confirmed.await.ok()
        };
        let lost = || CoordinationError("the connection that listens is lost; it is being made again".to_owned());
        tokio::time::timeout(ANSWER, asked).await.ok().flatten().ok_or_else(lost)
    }

    fn tidy(&self, channel: &str) {
        // Without a place in the queue the channel stays asked for: what comes on it is passed on to nobody.
        let _ = self.wishes.try_send(Wish::Tidy(channel.to_owned()));
    }
}

/// Listens until nobody can wish for anything any more.
async fn listen(client: Client, switchboard: Arc<Switchboard>, rng: Arc<dyn Rng>, mut wishes: mpsc::Receiver<Wish>) {
    let mut failures = 0;
    while !wishes.is_closed() {
        match connect(&client, &switchboard).await {
            Ok((sink, stream)) => {
                failures = 0;
                // What was told while nothing was heard is kept.
                switchboard.all_catch_up();
                serve(sink, stream, &switchboard, &mut wishes).await;
            }
            Err(error) => {
                tracing::warn!(%error, "topics cannot be listened to; trying again");
                failures += 1;
            }
        }
        tokio::time::sleep(delay(failures, &*rng)).await;
    }
}

/// Doubles with each failure, up to a bound; half of it is left to chance, so that replicas come one by one.
fn delay(failures: u32, rng: &dyn Rng) -> Duration {
    let whole = FIRST_DELAY.saturating_mul(1 << failures.min(10)).min(LONGEST_DELAY);
    whole / 2 + whole.mul_f64(f64::from(random::<1>(rng)[0]) / 512.0)
}

async fn connect(client: &Client, switchboard: &Switchboard) -> Result<(PubSubSink, PubSubStream), CoordinationError> {
    let connected = async {
        let (mut sink, stream) = client.get_async_pubsub().await?.split();
        for channels in switchboard.wanted().chunks(CHANNELS_AT_ONCE) {
            sink.subscribe(channels).await?;
        }
        Ok::<_, RedisError>((sink, stream))
    };
    super::within(connected).await
}

/// Serves until the connection is lost or nobody is left.
async fn serve(
    mut sink: PubSubSink,
    mut stream: PubSubStream,
    switchboard: &Switchboard,
    wishes: &mut mpsc::Receiver<Wish>,
) {
    loop {
        tokio::select! {
            message = stream.next() => {
                let Some(message) = message else { return };
                if let Some(line) = line(&Bytes::copy_from_slice(message.get_payload_bytes())) {
                    switchboard.pass_on(message.get_channel_name(), line);
                }
            }
            wish = wishes.recv() => {
                let Some(wish) = wish else { return };
                if grant(&mut sink, switchboard, wish).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn grant(sink: &mut PubSubSink, switchboard: &Switchboard, wish: Wish) -> Result<(), CoordinationError> {
    match wish {
        Wish::Subscribe(channel, done) => {
            super::within(sink.subscribe(&channel)).await?;
            // Whoever asked may have given up.
            let _ = done.send(());
        }
        Wish::Tidy(channel) => {
            if switchboard.tidy(&channel) {
                super::within(sink.unsubscribe(&channel)).await?;
            }
        }
    }
    Ok(())
}
