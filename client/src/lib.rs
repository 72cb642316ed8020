//! Play on Stadion from Rust: sign in, take a seat, exchange messages; the library keeps the connection.
//!
//! ```no_run
//! # mod hello {
//! #     use stadion_sdk::prelude::*;
//! #     pub struct Hello;
//! #     #[message] pub enum In { Guess(u8) }
//! #     #[message] pub enum Out { Refused(u8) }
//! #     #[message] pub struct View { pub guesses: u32 }
//! #     impl Game for Hello {
//! #         const INFO: Info = Info::new("hello");
//! #         type In = In; type Out = Out; type View = View; type Timer = ();
//! #         fn start(_: &Cx<Self>) -> Self { Hello }
//! #         fn view(&self, _: &Cx<Self>, _: Seat) -> View { View { guesses: 0 } }
//! #     }
//! #     game!(Hello);
//! # }
//! # use hello::{Hello, In, Out};
//! # async fn play() -> Result<(), stadion_client::Error> {
//! use stadion_client::{Event, Play, Stadion};
//!
//! let stadion = Stadion::guest("http://127.0.0.1:7878", "ada").await?;
//! let mut game = stadion.play::<Hello>("hello", Play::Any).await?; // `Hello`: the game's own crate
//! game.send(&In::Guess(50))?;
//! let end = loop {
//!     match game.next().await {
//!         Event::View(view) => println!("{} guesses", view.guesses),
//!         Event::Message(Out::Refused(why)) => println!("refused: {why:?}"),
//!         Event::Stalled => println!("reconnecting ..."), // nothing reliable is lost
//!         Event::Live { rtt_ms } => println!("live, {rtt_ms} ms"),
//!         Event::End(end) => break end,
//!     }
//! };
//! println!("over: {end}");
//! # Ok(())
//! # }
//! ```
//!
//! - [`Stadion::play_raw`] gives bytes and the schema instead of types, for tools and engines.
//! - [`RawMatch::poll`] and [`Match::poll`] never block: call them once a frame. [`Network`] is the thread behind them for
//!   programs without a tokio runtime.
//! - [`Match::ticket`] is what a restarted process needs to come back to its seat ([`Stadion::resume`]).
//! - [`Error::code`] is a stable number for each error.
//!
//! **Invariant.** All rules of the wire protocol live in [`stadion_protocol::client`]; this crate moves bytes between that
//! machine, sockets and the application.

mod clock;
mod driver;
mod end;
mod entry;
mod error;
mod inbox;
mod network;
mod path;
mod raw_match;
mod rest;
mod stadion;
mod ticket;
mod tls;
mod typed_match;
mod views;

pub use end::End;
pub use entry::Entry;
pub use error::Error;
pub use network::{Joining, Network};
pub use raw_match::{MatchInfo, RawEvent, RawMatch};
pub use rest::{NewMatch, Play, Visibility};
pub use stadion::Stadion;
pub use stadion_protocol::CloseCode;
pub use ticket::{BadTicket, Ticket};
pub use tls::{https, trust_also};
pub use typed_match::{Event, Match};
