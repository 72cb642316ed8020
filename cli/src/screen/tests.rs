//! The screen as a terminal would show it.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::input::fixture;

/// The lines of a screen of this size, without what is blank at their ends.
fn shown(screen: &Screen, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| frame.render_widget(screen, frame.area())).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y: u16| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(line).collect()
}

fn press(screen: &mut Screen, keys: &str) -> Wish {
    let mut last = Wish::Nothing;
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            c => KeyCode::Char(c),
        };
        last = screen.key(KeyEvent::from(code));
    }
    last
}

fn generic() -> Screen {
    let mut screen = Screen::new("hello", Some(fixture::schema()));
    screen.seated(1, Some("KBQT"));
    screen
}

#[test]
fn the_head_tells_the_connection_and_the_code_to_share() {
    let mut screen = generic();
    assert!(shown(&screen, 90, 12)[0].contains("connecting"));
    for (link, text) in [
        (Link::Live { rtt_ms: 12 }, "live, 12 ms"),
        (Link::Stalled, "reconnecting"),
        (Link::Over("seat 1 won".to_owned()), "over: seat 1 won"),
    ] {
        screen.link(link);
        let head = shown(&screen, 90, 12)[0].clone();
        assert!(head.contains(text) && head.contains("code KBQT") && head.contains("seat 1"), "{head}");
    }
}

#[test]
fn any_view_is_shown_as_an_aligned_tree() {
    let mut screen = generic();
    let view =
        serde_json::json!({"total": 7, "names": ["a rather long name", "and another that needs room"], "turn": null});
    screen.view(fixture::schema().from_json(stadion_schema::Root::View, &view).unwrap());
    let lines = shown(&screen, 60, 14);
    let body: Vec<&str> = lines[2..8].iter().map(|line| line.split('│').nth(1).unwrap().trim_end()).collect();
    assert_eq!(
        body,
        ["total  7", "names", "  0  \"a rather long name\"", "  1  \"and another that needs room\"", "turn   None", ""]
    );
}

#[test]
fn a_typed_input_is_sent_and_a_mistake_is_explained() {
    let mut screen = generic();
    let Wish::Send(value) = press(&mut screen, "pl\t4\n") else { panic!("nothing sent") };
    assert_eq!(value.to_string(), "Place(4)");
    assert_eq!(press(&mut screen, "Place many\n"), Wish::Nothing);
    let lines = shown(&screen, 100, 14).join("\n");
    assert!(lines.contains("> Place(4)") && lines.contains("! \"many\" is not u8"), "{lines}");
}

#[test]
fn escape_and_control_c_leave() {
    let mut screen = generic();
    assert_eq!(screen.key(KeyEvent::from(KeyCode::Esc)), Wish::Leave);
    assert_eq!(screen.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Wish::Leave);
}

#[test]
fn a_board_that_does_not_know_the_view_gives_way_to_the_tree() {
    let mut screen = Screen::new("tictactoe", Some(fixture::schema()));
    let view = serde_json::json!({"total": 7, "names": [], "turn": 1});
    screen.view(fixture::schema().from_json(stadion_schema::Root::View, &view).unwrap());
    assert!(shown(&screen, 60, 14).join("\n").contains("total"));
}

#[test]
fn no_terminal_is_too_small() {
    let mut screen = generic();
    screen.say("a line");
    for (width, height) in [(1, 1), (3, 2), (10, 3), (300, 5)] {
        shown(&screen, width, height);
    }
}

/// The screen of an example game that runs, as this seat sees it.
fn of_game<G: stadion_sdk::GameModule>(game: &str, m: &stadion_sdk::testing::Match<G>, seat: u16) -> Screen {
    let mut screen = Screen::new(game, Some(crate::sight::fixture::schema::<G>()));
    screen.seated(seat, None);
    screen.view(crate::sight::fixture::view(m, seat));
    screen
}

#[test]
fn tictactoe_has_large_cells_and_a_cursor_that_places() {
    let mut m = stadion_sdk::testing::Match::<::tictactoe::TicTacToe>::with_players(2);
    let first = m.view(0).turn.0;
    m.send(first, ::tictactoe::In::Place(0));
    let mut screen = of_game("tictactoe", &m, 1 - first);
    let text = shown(&screen, 80, 24).join("\n");
    let mark = if first == 0 { "╭───╮" } else { "╲   ╱" };
    assert!(text.contains(mark) && text.contains("your turn") && text.contains("┼"), "{text}");
    screen.key(KeyEvent::from(KeyCode::Down));
    let Wish::Send(value) = press(&mut screen, "\n") else { panic!("nothing placed") };
    assert_eq!(value.to_string(), "Place(7)");
    let Wish::Send(value) = press(&mut screen, "3") else { panic!("nothing placed") };
    assert_eq!(value.to_string(), "Place(2)");
}

#[test]
fn bomberman_shows_arena_players_and_fuses_and_walks_by_keys() {
    let mut m = stadion_sdk::testing::Match::<::bomberman::Bomberman>::with_players(4);
    m.pass(Duration::from_secs(4)).send(0, ::bomberman::In::Bomb).ticks(1);
    let mut screen = of_game("bomberman", &m, 0);
    for (width, height) in [(100, 34), (64, 24)] {
        let text = shown(&screen, width, height).join("\n");
        for part in ["seat 0  you", "seat 3", "██", "▚▞", "the walls close in in"] {
            assert!(text.contains(part), "{part} at {width}x{height}:\n{text}");
        }
    }
    assert!(screen.moves(), "a fuse burns");
    let sent = |wish| if let Wish::Send(value) = wish { value.to_string() } else { String::new() };
    assert_eq!(sent(screen.key(KeyEvent::from(KeyCode::Left))), "Go(Left)");
    assert_eq!(sent(screen.key(KeyEvent::from(KeyCode::Left))), "", "a held key repeats");
    assert_eq!(sent(press(&mut screen, "x")), "Go(None)");
    assert_eq!(sent(press(&mut screen, " ")), "Bomb");
}

#[test]
fn a_key_that_is_let_go_stops_the_walk_it_began() {
    use crossterm::event::KeyEventKind;
    let m = stadion_sdk::testing::Match::<::bomberman::Bomberman>::with_players(2);
    let mut screen = of_game("bomberman", &m, 0);
    let release = |code| KeyEvent { kind: KeyEventKind::Release, ..KeyEvent::from(code) };
    screen.key(KeyEvent::from(KeyCode::Left));
    screen.key(KeyEvent::from(KeyCode::Up));
    assert_eq!(screen.key(release(KeyCode::Left)), Wish::Nothing, "it goes up by now");
    assert!(matches!(screen.key(release(KeyCode::Up)), Wish::Send(value) if value.to_string() == "Go(None)"));
}

#[test]
fn a_player_who_is_back_walks_on() {
    let m = stadion_sdk::testing::Match::<::bomberman::Bomberman>::with_players(2);
    let mut screen = of_game("bomberman", &m, 0);
    let live = Link::Live { rtt_ms: 12 };
    assert_eq!(screen.link(live.clone()), Wish::Nothing, "nothing was begun");
    screen.key(KeyEvent::from(KeyCode::Right));
    assert_eq!(screen.link(live.clone()), Wish::Nothing, "it was not away");
    screen.link(Link::Stalled);
    let Wish::Send(value) = screen.link(live.clone()) else { panic!("the game may have stopped the figure") };
    assert_eq!(value.to_string(), "Go(Right)");
    press(&mut screen, "x");
    screen.link(Link::Stalled);
    assert_eq!(screen.link(live), Wish::Nothing, "it stood");
}

#[test]
fn hearts_shows_the_own_hand_and_passes_three_marked_cards() {
    let m = stadion_sdk::testing::Match::<::hearts::Hearts>::with_players(4);
    let mut screen = of_game("hearts", &m, 2);
    let text = shown(&screen, 110, 30).join("\n");
    assert!(text.contains("choose three cards to pass to the left") && text.contains("your hand"), "{text}");
    for _ in 0..3 {
        press(&mut screen, " ");
        screen.key(KeyEvent::from(KeyCode::Right));
    }
    assert!(shown(&screen, 110, 30).join("\n").contains("(3 chosen)"));
    assert!(matches!(press(&mut screen, "\n"), Wish::Send(value) if value.variant() == Some("Pass")));
}

#[test]
fn every_board_gives_way_to_the_tree_at_a_key() {
    let m = stadion_sdk::testing::Match::<::hearts::Hearts>::with_players(4);
    let mut screen = of_game("hearts", &m, 2);
    screen.key(KeyEvent::from(KeyCode::F(2)));
    assert!(shown(&screen, 110, 30).join("\n").contains("cards_left"));
}
