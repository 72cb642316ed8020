//! Tictactoe as its players meet it.

use super::*;

/// A match of two, and the seat whose turn it is.
fn started() -> (Match<TicTacToe>, u16) {
    let m = Match::<TicTacToe>::with_players(2);
    let me = m.view(0).turn.0;
    (m, me)
}

/// The players place in turns, `me` first.
fn play(m: &mut Match<TicTacToe>, me: u16, cells: &[u8]) {
    for (i, cell) in cells.iter().enumerate() {
        m.send((me + i as u16) % 2, In::Place(*cell));
    }
}

#[test]
fn three_in_a_line_win() {
    for line in [[0, 1, 2], [6, 7, 8], [0, 3, 6], [2, 5, 8], [0, 4, 8], [2, 4, 6]] {
        let (mut m, me) = started();
        let mut others = (0..9).filter(|cell| !line.contains(cell));
        for cell in line {
            m.send(me, In::Place(cell)).send(1 - me, In::Place(others.next().unwrap()));
        }
        assert!(m.result().won_by(me), "{line:?}");
    }
}

#[test]
fn a_full_board_without_a_line_is_a_draw() {
    let (mut m, me) = started();
    play(&mut m, me, &[0, 1, 2, 4, 3, 5, 7, 6, 8]);
    assert!(m.result().is_draw());
}

#[test]
fn both_see_every_move() {
    let (mut m, me) = started();
    play(&mut m, me, &[4]);
    for seat in [me, 1 - me] {
        let view = m.view(seat);
        assert_eq!((view.cells[4], view.turn, view.you), (Some(Seat(me)), Seat(1 - me), Seat(seat)));
    }
}

#[test]
fn an_illegal_move_is_refused_to_its_sender_alone() {
    let (mut m, me) = started();
    m.send(1 - me, In::Place(0)).send(me, In::Place(9)).send_raw(me, b"\xff\xff");
    assert_eq!(m.received(me), [Out::Refused(Refusal::NoSuchCell)]);
    assert_eq!(m.received(1 - me), [Out::Refused(Refusal::NotYourTurn)]);
    play(&mut m, me, &[0, 0]);
    assert_eq!(m.received(1 - me), [Out::Refused(Refusal::Taken)]);
}

#[test]
fn nobody_plays_alone() {
    let mut m = Match::<TicTacToe>::with_players(1);
    m.send(0, In::Place(0)).send(0, In::Resign);
    assert_eq!(m.received(0), [Out::Refused(Refusal::NotStarted), Out::Refused(Refusal::NotStarted)]);
    m.leave(0);
    assert!(!m.is_finished(), "who leaves before the match loses nothing");
}

#[test]
fn a_turn_not_taken_in_time_is_lost() {
    let (mut m, me) = started();
    m.pass(TURN - Duration::from_millis(1));
    assert!(!m.is_finished());
    m.send(me, In::Place(0)).pass(TURN);
    assert!(m.result().won_by(me), "the other one slept");
}

#[test]
fn whoever_resigns_or_leaves_loses() {
    let (mut m, me) = started();
    m.send(1 - me, In::Resign);
    assert!(m.result().won_by(me));
    let (mut m, me) = started();
    m.disconnect(me).time_out(me);
    assert!(m.result().won_by(1 - me));
}

#[test]
fn a_reloaded_page_sees_the_board() {
    let (mut m, me) = started();
    play(&mut m, me, &[4, 0]);
    m.disconnect(me).reload(me);
    assert_eq!(m.view(me).cells[0], Some(Seat(1 - me)));
    assert_eq!(m.view(me).turn, Seat(me));
}

#[test]
fn whoever_watches_sees_every_move_and_comes_late_to_all_of_it() {
    let (mut m, me) = started();
    m.watch().send(me, In::Place(4));
    assert_eq!((m.spectator_view().cells[4], m.spectator_view().you), (Some(Seat(me)), Seat::SPECTATOR));
    m.watch();
    assert_eq!(m.spectator_view().cells, m.view(0).cells, "whoever is new is shown the board");
    m.stop_watching().stop_watching().send(1 - me, In::Place(0));
    assert_eq!(m.spectator_view().cells[0], None, "nobody is there to see it");
}
