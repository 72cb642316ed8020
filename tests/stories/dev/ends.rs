//! The end of `stadion dev`, and of the server that it started.

use std::time::Duration;

use super::program::{Dev, blocking, new_game};
use super::seats::Counter;

/// Players are told, matches end, the store is closed.
const GONE_WITHIN: Duration = Duration::from_secs(20);

async fn is_gone(server: &str) {
    let address = server.strip_prefix("http://").unwrap();
    let gone = async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(GONE_WITHIN, gone).await.expect("the server ends too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_dev_leaves_no_server_behind() {
    let mut dev = blocking(|| Dev::begin(new_game("dev-killed"), &[])).await;
    let (mut ada, mut bob) = Counter::two(&dev.server, "dev-killed").await;
    bob.sees(0, 21).await;
    dev.child.kill().unwrap();
    let server = dev.server.clone();
    ada.ends().await;
    is_gone(&server).await;
    blocking(move || drop(dev)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_the_server_in_good_order() {
    let dev = blocking(|| Dev::begin(new_game("dev-ended"), &[])).await;
    let (mut ada, mut bob) = Counter::two(&dev.server, "dev-ended").await;
    bob.sees(0, 21).await;
    let server = dev.server.clone();
    blocking(move || drop(dev)).await;
    ada.ends().await;
    is_gone(&server).await;
}
