//! What a developer has when something went wrong: the journal and its replays, the failure's report, the log, the bill.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use stadion_protocol::wire::{ClientFrame, ServerFrame};
use stadion_tests::api::text;
use stadion_tests::{Guest, RawPlayer, Server, programs};

/// Logs what it hears and says it to everyone; ends its match on `F`, and traps on `T` in a function of its own.
const TALKER: Guest = Guest {
    rate: 20,
    step_us: 20_000,
    imports: "",
    functions: "(func $castle unreachable)",
    describe: "",
    start: "",
    step: "",
    joined: "",
    message: r#"
      (call $log (i32.const 1) (i32.load offset=12 (local.get $event)) (i32.load offset=16 (local.get $event)))
      (if (i32.eq (i32.load8_u (i32.load offset=12 (local.get $event))) (i32.const 84)) (then (call $castle)))
      (if (i32.eq (i32.load8_u (i32.load offset=12 (local.get $event))) (i32.const 70)) (then
        (call $finish (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))
      (call $send (i32.const 1) (i32.const 0) (i32.const 0)
        (i32.load offset=12 (local.get $event)) (i32.load offset=16 (local.get $event)) (i32.const 1024))"#,
    answer: "",
    left: "",
};

/// As the talker, and says nothing.
fn mute() -> Vec<u8> {
    let wat = TALKER.wat();
    let said = wat.find("(call $send (i32.const 1)").unwrap();
    let end = said + wat[said..].find("(i32.const 1024))").unwrap() + "(i32.const 1024))".len();
    stadion_tests::guest::embed(&format!("{}{}", &wat[..said], &wat[end..]))
}

/// A match, with a player in it.
struct Seated {
    id: String,
    player: stadion_tests::api::Player,
    seat: RawPlayer,
}

async fn sit(server: &Server, game: &str) -> Seated {
    let player = server.api().guest("ada").await;
    let (status, joined) = player.api.play(game, &json!({"create": "private"})).await;
    assert!(status.is_success(), "{joined}");
    let seat = RawPlayer::join(&joined).await;
    Seated { id: text(&joined["match"], "id").to_owned(), player, seat }
}

/// A match of the talker in which this is said, each in a tick of its own, to its end.
async fn played(server: &Server, words: &[&str]) -> Seated {
    let mut seated = sit(server, "talker").await;
    let (last, before) = words.split_last().unwrap();
    for word in before {
        seated.seat.input(word.as_bytes()).await;
        let out_seq = loop {
            if let ServerFrame::Message { out_seq, .. } = seated.seat.frame().await.unwrap() {
                break out_seq;
            }
        };
        seated.seat.say(&ClientFrame::Ack { out_seq }).await;
    }
    seated.seat.input(last.as_bytes()).await;
    seated.seat.closed().await;
    server.api().ended(&seated.id).await;
    seated
}

fn run(server: &Server, arguments: &[&str]) -> Output {
    server.stadion().args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Without a server.
fn run_offline(server: &Server, arguments: &[&str]) -> Output {
    server.stadion().env("STADION_SERVER", "http://127.0.0.1:1").args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The values that a command printed; it must have ended like this.
fn values(output: &Output, code: i32) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(code), "{}\n{}", out(output), err(output));
    out(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A file in the server's folder.
fn put(server: &Server, name: &str, bytes: &[u8]) -> PathBuf {
    let path = server.folder().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A match of tictactoe that two programs played, as a file.
fn tictactoe(server: &Server) -> PathBuf {
    let bots = run(server, &["bot", "tictactoe", "--players", "2", "--seconds", "30", "--json"]);
    assert!(bots.status.success(), "{}", err(&bots));
    let matches = values(&run(server, &["matches", "--game", "tictactoe", "--state", "ended", "--json"]), 0);
    let path = server.folder().join("match.stj");
    let id = matches[0]["id"].as_str().unwrap().to_owned();
    assert!(run(server, &["replay", &id, "--save", name(&path)]).status.success());
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_stops_where_it_is_told_and_shows_what_was_seen_there() {
    let server = Server::start();
    server.api().publish("tictactoe", programs::game("tictactoe")).await;
    let file = tictactoe(&server);
    let game = programs::game_path("tictactoe");
    let offline = |more: &[&str], code| {
        let arguments = [&["replay", name(&file), "--game", name(&game), "--json"], more].concat();
        values(&run_offline(&server, &arguments), code)
    };
    let whole = offline(&[], 0).pop().unwrap();
    let ticks = whole["ticks"].as_u64().unwrap();
    assert!(ticks > 3 && whole["exact"] == true, "{whole}");

    let printed = offline(&["--print", "--until", "2"], 0);
    let numbers: Vec<_> = printed.iter().filter_map(|value| value["tick"].as_u64()).collect();
    assert_eq!(numbers, [0, 1, 2]);
    assert_eq!(printed.last().unwrap()["ticks"], 2);

    let seen = offline(&["--state", &ticks.to_string()], 0);
    assert_eq!(seen.len(), 2);
    for (number, seat) in seen.iter().enumerate() {
        assert_eq!((&seat["seat"], &seat["tick"]), (&json!(number), &json!(ticks)), "{seat}");
        assert!(seat["view"].is_object(), "decoded: {seat}");
    }
    assert_eq!(offline(&["--state", "0"], 0)[0]["view"], Value::Null, "nobody was there");
    let one = offline(&["--state", &ticks.to_string(), "--seat", "1"], 0);
    assert_eq!(one, seen[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_walks_through_a_match_forwards_and_back() {
    let server = Server::start();
    server.api().publish("tictactoe", programs::game("tictactoe")).await;
    let file = tictactoe(&server);
    let script = put(&server, "script", b"3\n-\n+\n1000000\n0\nq\n");
    let game = programs::game_path("tictactoe");
    let arguments = ["replay", name(&file), "--game", name(&game), "--walk", "--json"];
    let walked = server.stadion().args(arguments).stdin(std::fs::File::open(script).unwrap()).output().unwrap();
    let values = values(&walked, 0);
    let numbers: Vec<_> = values.iter().map(|value| value["tick"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [3, 2, 3, 0]);
    assert_eq!(values[0], values[2], "a tick is the same from wherever one comes");
    assert!(values[0]["views"][0]["view"].is_object(), "{}", values[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_replayed_is_said_with_what_to_do() {
    let server = Server::start();
    server.api().publish("tictactoe", programs::game("tictactoe")).await;
    server.api().publish("talker", TALKER.wasm()).await;
    let file = tictactoe(&server);
    let other = played(&server, &["F"]).await;
    let whole = std::fs::read(&file).unwrap();
    let cut = put(&server, "cut.stj", &whole[..whole.len() - 20]);
    let text = put(&server, "notes.txt", b"not a journal");
    let hearts = programs::game_path("hearts");
    for (arguments, code, words) in [
        (&["replay", name(&file), "--until", "1000000"][..], 2, "past the end"),
        (&["replay", name(&file), "--state", "1000000"], 2, "past the end"),
        (&["replay", name(&file), "--state", "1", "--seat", "2"], 2, "seats are 0 to 1"),
        (&["replay", name(&file), "--trap"], 2, "leave out --trap"),
        (&["replay", name(&cut)], 1, "--until"),
        (&["replay", name(&text)], 2, "no journal"),
        (&["replay", name(&file), "--game", name(&text)], 2, "stadion build"),
        (&["replay", name(&file), "--game", name(&hearts)], 4, "is it tictactoe?"),
        (&["replay", name(&file), "--game", name(&hearts), "--print"], 4, "the match ran version"),
        (&["replay", name(&file), "--game", "nothing.wasm"], 3, "nothing.wasm"),
        (&["replay", name(&file), "--diff", &other.id], 4, "two matches of one game"),
        (&["replay", name(&file), "--diff", "nothing.stj"], 3, "neither a file nor the id"),
        (&["replay", &other.id, "--state", "1"], 1, "--print"),
    ] {
        let output = run(&server, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(words), "{arguments:?}: {}", err(&output));
    }
    let offline = run_offline(&server, &["replay", name(&file)]);
    assert_eq!(offline.status.code(), Some(5));
    assert!(err(&offline).contains("--game"), "{}", err(&offline));
    let before = err(&run(&server, &["replay", name(&cut)]));
    let last = before.split("`--until ").nth(1).and_then(|rest| rest.split('`').next()).unwrap();
    assert!(run(&server, &["replay", name(&cut), "--until", last]).status.success(), "{before}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_matches_are_compared_up_to_the_tick_at_which_they_part() {
    let server = Server::start();
    server.api().publish("talker", TALKER.wasm()).await;
    let (one, other) = (played(&server, &["one", "F"]).await, played(&server, &["two", "F"]).await);
    let same = values(&run(&server, &["replay", &one.id, "--diff", &one.id, "--json"]), 0);
    assert_eq!((&same[0]["same"], &same[0]["tick"]), (&json!(true), &Value::Null));
    let apart = values(&run(&server, &["replay", &one.id, "--diff", &other.id, "--json"]), 6).remove(0);
    assert!(apart["tick"].is_u64() && apart["same"] == false, "{apart}");
    assert_ne!(apart["played"]["a"], apart["played"]["b"]);
    assert!(apart["setup"].as_array().unwrap().iter().any(|field| field["field"] == "seed"), "{apart}");
    let told = out(&run(&server, &["replay", &one.id, "--diff", &other.id]));
    assert!(told.contains("\n- ") && told.contains("\n+ "), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_build_is_told_the_first_tick_that_it_plays_otherwise() {
    let server = Server::start();
    server.api().publish("talker", TALKER.wasm()).await;
    let played = played(&server, &["one", "two", "F"]).await;
    let (old, new) = (put(&server, "old.wasm", &TALKER.wasm()), put(&server, "new.wasm", &mute()));
    let arguments = ["replay", &played.id, "--game", name(&new), "--json"];
    let apart = values(&run(&server, &arguments), 6).remove(0);
    let sends = |side: &Value| side["outputs"].as_array().unwrap().iter().filter(|it| it["send"].is_object()).count();
    assert!(sends(&apart["old"]) > 0, "{apart}");
    assert_eq!(sends(&apart["new"]), 0, "{apart}");
    assert_eq!(apart["old"]["tick"], apart["tick"]);
    let told = out(&run(&server, &arguments[..4]));
    assert!(told.contains("  - everyone") && !told.contains("  + everyone"), "{told}");
    // From files alone, with the build that was played; and the very same build plays all of it.
    let file = server.folder().join("match.stj");
    assert!(run(&server, &["replay", &played.id, "--save", name(&file)]).status.success());
    let offline = ["replay", name(&file), "--game", name(&old), "--game", name(&new), "--json"];
    assert_eq!(values(&run_offline(&server, &offline), 6).remove(0)["tick"], apart["tick"]);
    let renamed = Guest { functions: "(func $castle unreachable) (func $unused)", ..TALKER };
    let renamed = put(&server, "renamed.wasm", &renamed.wasm());
    assert_eq!(values(&run(&server, &["replay", &played.id, "--game", name(&renamed), "--json"]), 0)[0]["same"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_is_told_whole_and_happens_again_by_the_command_that_is_told() {
    let server = Server::start();
    server.api().publish("talker", TALKER.wasm()).await;
    let failed = played(&server, &["last words", "T"]).await;
    let shown = out(&run(&server, &["matches", &failed.id]));
    let ended = server.api().match_now(&failed.id).await;
    let tick = ended["tick"].as_u64().unwrap() + 1;
    for part in [&format!("failed at tick {tick}"), "unreachable", "castle", "last words", "reproduce: "] {
        assert!(shown.contains(part), "no {part:?} in {shown}");
    }
    let command = shown.lines().find_map(|line| line.strip_prefix("reproduce: stadion ")).unwrap();
    let arguments: Vec<&str> = command.split(' ').collect();
    let again = run(&server, &arguments);
    assert!(again.status.success(), "{}", err(&again));
    let told = out(&again);
    assert!(told.contains(&format!("tick {tick} did not return, as it did then")), "{told}");
    assert!(told.contains("unreachable") && told.contains("castle"), "{told}");
    let told = values(&run(&server, &[&arguments[..], &["--json"]].concat()), 0).pop().unwrap();
    assert_eq!((&told["reproduced"], &told["tick"]), (&json!(true), &json!(tick)));
    // A player is told that it failed, and nothing of how.
    let seen = failed.player.api.match_now(&failed.id).await;
    assert!(seen.get("failure").is_none() && seen["end"]["kind"] == "trapped", "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_is_its_owners_and_once_the_match_is_over_its_players() {
    let server = Server::start();
    server.api().publish("talker", TALKER.wasm()).await;
    let mut seated = sit(&server, "talker").await;
    let stranger = server.api().guest("eve").await;
    let id = seated.id.clone();
    let status = async |api: &stadion_tests::Api| match api.typed().journal(&id).await {
        Ok(_) => 200,
        Err(refused) => refused.status().unwrap().as_u16(),
    };
    let running = (status(&server.api()).await, status(&seated.player.api).await, status(&stranger.api).await);
    assert_eq!(running, (200, 403, 403), "while it runs");
    seated.seat.input(b"F").await;
    seated.seat.closed().await;
    server.api().ended(&seated.id).await;
    let ended = (status(&server.api()).await, status(&seated.player.api).await, status(&stranger.api).await);
    assert_eq!(ended, (200, 200, 403), "when it is over");
    assert_eq!(server.api().journal(&id).await, seated.player.api.journal(&id).await);
    assert_eq!(status(&server.api().with_bearer("")).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_read_and_followed_to_the_end_of_its_match() {
    let server = Server::start();
    server.api().publish("talker", TALKER.wasm()).await;
    let mut seated = sit(&server, "talker").await;
    seated.seat.input(b"one").await;
    let follow =
        server.stadion().args(["logs", &seated.id, "--follow", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    for word in [&b"two"[..], b"F"] {
        seated.seat.input(word).await;
    }
    seated.seat.closed().await;
    let followed = tokio::task::spawn_blocking(move || follow.wait_with_output()).await.unwrap().unwrap();
    let texts =
        |values: &[Value]| values.iter().map(|line| line["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(texts(&values(&followed, 0)), ["one", "two", "F"]);
    server.api().ended(&seated.id).await;
    assert_eq!(texts(&values(&run(&server, &["logs", &seated.id, "--json"]), 0)), ["one", "two", "F"]);
    assert_eq!(texts(&values(&run(&server, &["logs", &seated.id, "--after", "2", "--json"]), 0)), ["F"]);
    let told = out(&run(&server, &["logs", &seated.id]));
    assert!(told.lines().any(|line| line.starts_with("tick ") && line.ends_with("info  two")), "{told}");
    for (arguments, code) in [
        (&["logs", "nothing"][..], 2),
        (&["logs", "00000000000000000000000000"], 3),
        (&["logs", "00000000000000000000000000", "--follow"], 3),
        (&["logs", &seated.id, "--key", seated.player.api.bearer()], 4),
    ] {
        assert_eq!(run(&server, arguments).status.code(), Some(code), "{arguments:?}");
    }
    assert_eq!(run_offline(&server, &["logs", &seated.id, "--follow"]).status.code(), Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_followed_over_a_restart_of_the_server() {
    let mut server = Server::durable(&[]);
    server.api().publish("talker", TALKER.wasm()).await;
    let mut seated = sit(&server, "talker").await;
    let mut follow =
        server.stadion().args(["logs", &seated.id, "--follow", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    seated.seat.input(b"one").await;
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(follow.stdout.take().unwrap()));
    let mut next = move || -> Option<Value> { Some(serde_json::from_str(&lines.next()?.unwrap()).unwrap()) };
    let (first, mut next) = tokio::task::spawn_blocking(move || (next(), next)).await.unwrap();
    assert_eq!(first.unwrap()["text"], "one");
    server.kill();
    server.restart();
    let code = server.api().match_when(&seated.id, |it| it["state"] == "running").await["code"].clone();
    let bob = server.api().guest("bob").await;
    let (status, joined) = bob.api.play("talker", &json!({ "code": code })).await;
    assert!(status.is_success(), "{joined}");
    let mut seat = RawPlayer::join(&joined).await;
    seat.input(b"again").await;
    seat.input(b"F").await;
    seat.closed().await;
    let rest = tokio::task::spawn_blocking(move || [next(), next(), next()]).await.unwrap();
    let texts: Vec<_> = rest.iter().flatten().map(|line| line["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["again", "F"], "and no line twice");
    assert!(follow.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_used_is_told_for_a_match_a_game_and_all_of_them() {
    let server = Server::start();
    server.api().publish("talker", TALKER.wasm()).await;
    let played = played(&server, &["one", "F"]).await;
    let one = values(&run(&server, &["usage", &played.id, "--json"]), 0).remove(0);
    assert_eq!((&one["messages_in"], &one["bytes_in"]), (&json!(2), &json!(4)), "{one}");
    assert!(one["ticks"].as_u64() > Some(0) && one["journal_bytes"].as_u64() > Some(0), "{one}");
    for arguments in [&["usage", "talker"][..], &["usage"], &["usage", "talker", "--days", "2"]] {
        let sums = values(&run(&server, &[arguments, &["--json"]].concat()), 0).remove(0);
        assert_eq!((&sums["matches"], &sums["total"]["messages_in"]), (&json!(1), &json!(2)), "{arguments:?}: {sums}");
        let told = out(&run(&server, arguments));
        assert!(told.contains("MATCHES") && told.contains("talker"), "{told}");
    }
    assert!(out(&run(&server, &["usage", &played.id])).contains("  cpu "));
    for (arguments, code) in [
        (&["usage", "No Game"][..], 2),
        (&["usage", "nothing"], 3),
        (&["usage", "talker", "--days", "0"], 2),
        (&["usage", &played.id, "--days", "2"], 2),
        (&["usage", &played.id, "--key", played.player.api.bearer()], 4),
    ] {
        assert_eq!(run(&server, arguments).status.code(), Some(code), "{arguments:?}");
    }
    assert_eq!(run_offline(&server, &["usage"]).status.code(), Some(5));
}
