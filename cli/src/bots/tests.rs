//! Bots against the rules of the games themselves.

use stadion_sdk::GameModule;
use stadion_sdk::testing::Match;

use super::*;
use crate::sight::fixture;

/// A step of the harness: one tick of a game with a rate, a look of the bots' in one without.
const LOOK: Duration = Duration::from_millis(50);

/// Plays a match between bots; answers how many looks it took.
fn play<G: GameModule>(game: &str, players: u16, looks: u32) -> u32 {
    let schema = fixture::schema::<G>();
    let mut m = Match::<G>::with_players(players);
    let mut bots: Vec<Bot> = (0..players).map(|seat| Bot::of(game, 100 + u64::from(seat))).collect();
    for look in 0..looks {
        for (seat, bot) in (0..players).zip(&mut bots) {
            if m.is_finished() {
                return look;
            }
            if let Some(input) = bot.act(&schema, seat, Some(&fixture::view(&m, seat))) {
                fixture::send(&mut m, seat, &input);
            }
        }
        m.pass(LOOK);
    }
    panic!("{game} did not end in {looks} looks");
}

#[test]
fn tictactoe_ends_after_its_nine_moves_at_most() {
    assert!(play::<::tictactoe::TicTacToe>("tictactoe", 2, 50) <= 10);
}

#[test]
fn bomberman_ends_before_the_walls_have_closed() {
    for players in [2, 4] {
        let looks = play::<::bomberman::Bomberman>("bomberman", players, 20 * 240);
        assert!(looks > 20 * 3, "nobody dies during the countdown");
    }
}

#[test]
fn after_a_lost_connection_a_bot_says_again_where_it_goes() {
    let schema = fixture::schema::<::bomberman::Bomberman>();
    let mut m = Match::<::bomberman::Bomberman>::with_players(2);
    let mut bot = Bot::of("bomberman", 100);
    let going = (0..20 * 10).find_map(|_| {
        m.pass(LOOK);
        bot.act(&schema, 0, Some(&fixture::view(&m, 0)))
    });
    assert!(going.is_some(), "the countdown is over, and there are bricks to go to");
    let view = fixture::view(&m, 0);
    assert_eq!(bot.act(&schema, 0, Some(&view)), None, "the game knows");
    bot.say_again();
    assert_eq!(bot.act(&schema, 0, Some(&view)), going);
}

#[test]
fn hearts_ends_by_points_and_not_by_sleep() {
    play::<::hearts::Hearts>("hearts", 4, 20 * 60 * 30);
}

fn cells(text: &str) -> Position {
    let cells = text.chars().map(|c| c.to_digit(10).map(|seat| seat as u16)).collect();
    Position { cells, turn: 0, you: 0 }
}

#[test]
fn tictactoe_is_won_if_it_can_be_and_defended_if_it_must() {
    let mut rng = Rng::new(1);
    for (board, cell) in [("00.11....", 2), ("11.0.....", 2), ("0.1.0..1.", 8), ("1...1.0..", 8)] {
        assert_eq!(place(&cells(board), &mut rng), Some(json!({ "Place": cell })), "{board}");
    }
}

#[test]
fn nobody_moves_out_of_turn_or_on_a_full_board() {
    let mut rng = Rng::new(1);
    let waiting = Position { turn: 1, ..cells(".........") };
    assert_eq!(place(&waiting, &mut rng), None);
    assert_eq!(place(&cells("010110101"), &mut rng), None);
}
