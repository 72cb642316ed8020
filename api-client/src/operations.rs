//! Every call that this crate makes.

use crate::accounts::{
    Account, AuditEntry, CreatedKey, Enrolment, Export, Key, Provider, RecoveryCodes, RotatedKey, RotatedKeys,
    SecondFactor, SignIn, SignedIn, StartedSignIn,
};
use crate::answer::{Bytes, Events, Items, Json, Nothing};
use crate::channels::{Channel, ChannelChange};
use crate::event_log::Happened;
use crate::events::PlayerEvent;
use crate::games::{Game, Load, Origins, Queue, Quotas};
use crate::history::{FiledReport, PlayedMatch, PlayerReport};
use crate::lobby::{Blocked, Friend, Friendship, Invitation, Party, Rating, Standing, Ticket};
use crate::log::{LogLine, LogPage};
use crate::matches::{Forked, MatchInfo, Ticks, Upgraded};
use crate::operation::{Operation, Shape, Verb};
use crate::play::{Claimed, OpenMatch, Seat, Watching};
use crate::storage::{Document, StorageAccess};
use crate::uploads::{Upload, UploadWord};
use crate::usage::{MatchUsage, UsageSums};
use crate::versions::{Published, PublishedBundle};
use crate::webhooks::{Delivery, MadeWebhook, NewSecret, Webhook};

macro_rules! operations {
    ($($name:ident $id:literal $verb:ident $path:literal -> $answer:ty,)*) => {
        $(
            #[doc = concat!("`", stringify!($verb), " ", $path, "`")]
            pub const $name: Operation<$answer> = Operation::new($id, Verb::$verb, $path);
        )*

        /// All of them.
        pub const ALL: &[Shape] = &[$($name.shape(),)*];
    };
}

operations! {
    CREATE_ACCOUNT "create_account" Post "/v1/accounts" -> Json<SignedIn>,
    CREATE_GUEST "create_guest" Post "/v1/guests" -> Json<SignedIn>,
    CREATE_SESSION "create_session" Post "/v1/sessions" -> Json<SignedIn>,
    ANSWER_SECOND_FACTOR "answer_second_factor" Post "/v1/sessions/second-factor" -> Json<SignedIn>,
    REFRESH_SESSION "refresh_session" Post "/v1/sessions/refresh" -> Json<SignedIn>,
    LIST_SESSIONS "list_sessions" Get "/v1/sessions" -> Items<SignIn>,
    DELETE_SESSION "delete_session" Delete "/v1/sessions/current" -> Nothing,
    DELETE_SESSIONS "delete_sessions" Delete "/v1/sessions" -> Nothing,
    END_SESSION "end_session" Delete "/v1/sessions/{session}" -> Nothing,
    GET_ME "get_me" Get "/v1/me" -> Json<Account>,
    REGISTER_ME "register_me" Post "/v1/me/registration" -> Json<SignedIn>,
    CHANGE_PASSWORD "change_password" Put "/v1/me/password" -> Nothing,
    GET_SECOND_FACTOR "get_second_factor" Get "/v1/me/second-factor" -> Json<SecondFactor>,
    ENROL_SECOND_FACTOR "enrol_second_factor" Post "/v1/me/second-factor" -> Json<Enrolment>,
    CONFIRM_SECOND_FACTOR "confirm_second_factor" Post "/v1/me/second-factor/confirm" -> Json<RecoveryCodes>,
    REMOVE_SECOND_FACTOR "remove_second_factor" Post "/v1/me/second-factor/remove" -> Nothing,
    RESET_SECOND_FACTOR "reset_second_factor" Delete "/v1/accounts/{id}/second-factor" -> Nothing,
    EXPORT_ME "export_me" Get "/v1/me/export" -> Json<Export>,
    DELETE_ME "delete_me" Post "/v1/me/delete" -> Nothing,
    LIST_PLAYED "list_played" Get "/v1/me/matches" -> Items<PlayedMatch>,
    SET_ROLE "set_role" Put "/v1/accounts/{id}/role" -> Nothing,
    END_SESSIONS "end_sessions" Delete "/v1/accounts/{id}/sessions" -> Nothing,
    GET_QUOTAS "get_quotas" Get "/v1/accounts/{id}/quotas" -> Json<Quotas>,
    SET_QUOTAS "set_quotas" Put "/v1/accounts/{id}/quotas" -> Json<Quotas>,
    GET_OWN_QUOTAS "get_own_quotas" Get "/v1/quotas" -> Json<Quotas>,
    LIST_PROVIDERS "list_providers" Get "/v1/oidc" -> Items<Provider>,
    START_OIDC "start_oidc" Post "/v1/oidc/{provider}/start" -> Json<StartedSignIn>,
    FINISH_OIDC "finish_oidc" Post "/v1/oidc/{provider}/finish" -> Json<SignedIn>,
    UNLINK_IDENTITY "unlink_identity" Delete "/v1/me/identities/{provider}" -> Nothing,
    LIST_KEYS "list_keys" Get "/v1/keys" -> Items<Key>,
    CREATE_KEY "create_key" Post "/v1/keys" -> Json<CreatedKey>,
    REVOKE_KEY "revoke_key" Delete "/v1/keys/{id}" -> Nothing,
    ROTATE_KEYS "rotate_keys" Post "/v1/system/keys/rotate" -> Json<RotatedKeys>,
    ROTATE_REFRESH_KEY "rotate_refresh_key" Post "/v1/system/keys/rotate-refresh" -> Json<RotatedKey>,
    ROTATE_ARTIFACT_KEY "rotate_artifact_key" Post "/v1/system/keys/rotate-artifacts" -> Json<RotatedKey>,
    GET_AUDIT "get_audit" Get "/v1/audit" -> Items<AuditEntry>,
    GET_LOAD "get_load" Get "/v1/load" -> Json<Load>,

    GET_EVENTS "get_events" Get "/v1/events" -> Events<PlayerEvent>,
    GET_HOST_EVENTS "get_host_events" Get "/v1/events/hosts" -> Items<Happened>,
    FOLLOW_HOST_EVENTS "get_host_events" Get "/v1/events/hosts" -> Events<Happened>,
    GET_GAME_EVENTS "get_game_events" Get "/v1/games/{game}/events" -> Items<Happened>,
    FOLLOW_GAME_EVENTS "get_game_events" Get "/v1/games/{game}/events" -> Events<Happened>,

    CREATE_PARTY "create_party" Post "/v1/parties" -> Json<Party>,
    GET_PARTY "get_party" Get "/v1/parties/mine" -> Json<Party>,
    JOIN_PARTY "join_party" Post "/v1/parties/join" -> Json<Party>,
    INVITE "invite" Post "/v1/parties/mine/invitations" -> Json<Party>,
    HAND_OVER "hand_over" Put "/v1/parties/mine/leader" -> Json<Party>,
    REMOVE_MEMBER "remove_member" Delete "/v1/parties/mine/members/{player}" -> Nothing,
    SET_READY "set_ready" Put "/v1/parties/mine/ready" -> Json<Party>,
    LIST_INVITATIONS "list_invitations" Get "/v1/invitations" -> Items<Invitation>,
    DECLINE_INVITATION "decline_invitation" Delete "/v1/invitations/{party}" -> Nothing,
    LIST_FRIENDS "list_friends" Get "/v1/friends" -> Items<Friend>,
    ADD_FRIEND "add_friend" Put "/v1/friends/{player}" -> Json<Friendship>,
    REMOVE_FRIEND "remove_friend" Delete "/v1/friends/{player}" -> Nothing,
    LIST_BLOCKS "list_blocks" Get "/v1/blocks" -> Items<Blocked>,
    BLOCK_PLAYER "block_player" Put "/v1/blocks/{player}" -> Nothing,
    UNBLOCK_PLAYER "unblock_player" Delete "/v1/blocks/{player}" -> Nothing,
    LIST_QUEUES "list_queues" Get "/v1/games/{game}/queues" -> Items<Queue>,
    CREATE_TICKET "create_ticket" Post "/v1/games/{game}/queues/{queue}/tickets" -> Json<Ticket>,
    GET_TICKET "get_ticket" Get "/v1/tickets/{id}" -> Json<Ticket>,
    DELETE_TICKET "delete_ticket" Delete "/v1/tickets/{id}" -> Nothing,
    ANSWER_READY_CHECK "answer_ready_check" Put "/v1/ready-checks/{id}" -> Nothing,
    GET_LEADERBOARD "get_leaderboard" Get "/v1/games/{game}/queues/{queue}/leaderboard" -> Items<Standing>,
    GET_RATINGS "get_ratings" Get "/v1/players/{player}/ratings" -> Items<Rating>,

    LIST_GAMES "list_games" Get "/v1/games" -> Items<Game>,
    CREATE_GAME "create_game" Post "/v1/games" -> Json<Game>,
    GET_GAME "get_game" Get "/v1/games/{game}" -> Json<Game>,
    GET_ORIGINS "get_origins" Get "/v1/games/{game}/origins" -> Json<Origins>,
    SET_ORIGINS "set_origins" Put "/v1/games/{game}/origins" -> Json<Origins>,
    LIST_CHANNELS "list_channels" Get "/v1/games/{game}/channels" -> Items<Channel>,
    GET_CHANNEL "get_channel" Get "/v1/games/{game}/channels/{channel}" -> Json<Channel>,
    SET_CHANNEL "set_channel" Put "/v1/games/{game}/channels/{channel}" -> Json<Channel>,
    REMOVE_CHANNEL "remove_channel" Delete "/v1/games/{game}/channels/{channel}" -> Nothing,
    GET_CHANNEL_HISTORY "get_channel_history" Get "/v1/games/{game}/channels/{channel}/history" -> Items<ChannelChange>,
    PROMOTE_CHANNEL "promote_channel" Post "/v1/games/{game}/channels/{channel}/promote" -> Json<Channel>,
    ROLL_BACK_CHANNEL "roll_back_channel" Post "/v1/games/{game}/channels/{channel}/rollback" -> Json<Channel>,
    LIST_VERSIONS "list_versions" Get "/v1/games/{game}/versions" -> Items<Published>,
    PUBLISH_VERSION "publish_version_put" Put "/v1/games/{game}/versions" -> Json<Published>,
    GET_VERSION "get_version" Get "/v1/games/{game}/versions/{version}" -> Json<Published>,
    DEPRECATE_VERSION "deprecate_version" Delete "/v1/games/{game}/versions/{version}" -> Nothing,
    GET_COMPONENT "get_component" Get "/v1/games/{game}/versions/{version}/component" -> Bytes,
    LIFT_QUARANTINE "lift_quarantine" Delete "/v1/games/{game}/versions/{version}/quarantine" -> Nothing,
    GET_SCHEMA "get_schema" Get "/v1/games/{game}/versions/{version}/schema" -> Bytes,
    SET_SETTINGS "set_settings" Put "/v1/games/{game}/versions/{version}/settings" -> Json<Published>,
    PUBLISH_WEB "publish_web" Put "/v1/games/{game}/versions/{version}/web" -> Json<PublishedBundle>,
    GET_UPLOAD "get_upload" Get "/v1/uploads/{upload}" -> Json<Upload>,
    GET_UPLOAD_EVENTS "get_upload_events" Get "/v1/uploads/{upload}/events" -> Events<UploadWord>,

    LIST_DOCUMENTS "list_documents" Get "/v1/games/{game}/storage" -> Items<Document>,
    GET_DOCUMENT "get_document" Get "/v1/games/{game}/storage/{key}" -> Bytes,
    PUT_DOCUMENT "put_document" Put "/v1/games/{game}/storage/{key}" -> Json<Document>,
    DELETE_DOCUMENT "delete_document" Delete "/v1/games/{game}/storage/{key}" -> Nothing,
    GET_STORAGE_ACCESS "get_storage_access" Get "/v1/games/{game}/storage-access" -> Json<StorageAccess>,
    SET_STORAGE_ACCESS "set_storage_access" Put "/v1/games/{game}/storage-access" -> Json<StorageAccess>,
    LIST_WEBHOOKS "list_webhooks" Get "/v1/games/{game}/webhooks" -> Items<Webhook>,
    CREATE_WEBHOOK "create_webhook" Post "/v1/games/{game}/webhooks" -> Json<MadeWebhook>,
    GET_WEBHOOK "get_webhook" Get "/v1/games/{game}/webhooks/{webhook}" -> Json<Webhook>,
    SET_WEBHOOK "set_webhook" Put "/v1/games/{game}/webhooks/{webhook}" -> Json<Webhook>,
    DELETE_WEBHOOK "delete_webhook" Delete "/v1/games/{game}/webhooks/{webhook}" -> Nothing,
    ROTATE_WEBHOOK "rotate_webhook" Post "/v1/games/{game}/webhooks/{webhook}/secret" -> Json<NewSecret>,
    TEST_WEBHOOK "test_webhook" Post "/v1/games/{game}/webhooks/{webhook}/test" -> Json<Delivery>,
    LIST_DELIVERIES "list_deliveries" Get "/v1/games/{game}/webhooks/{webhook}/deliveries" -> Items<Delivery>,
    REDELIVER "redeliver" Post "/v1/games/{game}/webhooks/{webhook}/deliveries/{id}/redeliver" -> Json<Delivery>,

    PLAY "play" KeyedPost "/v1/games/{game}/play" -> Json<Seat>,
    CREATE_JOIN_TOKEN "create_join_token" KeyedPost "/v1/games/{game}/join-tokens" -> Json<Seat>,
    CLAIM_BOTS "claim_bots" Post "/v1/games/{game}/bots/claims" -> Json<Claimed>,
    WATCH_MATCH "watch_match" Post "/v1/matches/{id}/watch" -> Json<Watching>,
    REMATCH "rematch" KeyedPost "/v1/matches/{id}/rematch" -> Json<Seat>,
    LIST_MATCHES "list_matches" Get "/v1/matches" -> Items<MatchInfo>,
    LIST_GAME_MATCHES "list_game_matches" Get "/v1/games/{game}/matches" -> Items<MatchInfo>,
    LIST_OPEN_MATCHES "list_open_matches" Get "/v1/games/{game}/matches/open" -> Items<OpenMatch>,
    GET_MATCH "get_match" Get "/v1/matches/{id}" -> Json<MatchInfo>,
    END_MATCH "end_match" Delete "/v1/matches/{id}" -> Nothing,
    FORK_MATCH "fork_match" Post "/v1/matches/{id}/fork" -> Json<Forked>,
    UPGRADE_MATCH "upgrade_match" Post "/v1/matches/{id}/upgrade" -> Json<Upgraded>,
    PACE_MATCH "pace_match" Post "/v1/matches/{id}/pace" -> Nothing,
    GET_TICKS "get_ticks" Get "/v1/matches/{id}/ticks" -> Json<Ticks>,
    GET_JOURNAL "get_journal" Get "/v1/matches/{id}/journal" -> Bytes,
    GET_LOG "get_log" Get "/v1/matches/{id}/log" -> Json<LogPage>,
    FOLLOW_LOG "get_log" Get "/v1/matches/{id}/log" -> Events<LogLine>,
    GET_MATCH_USAGE "get_match_usage" Get "/v1/matches/{id}/usage" -> Json<MatchUsage>,
    GET_GAME_USAGE "get_game_usage" Get "/v1/games/{game}/usage" -> Json<UsageSums>,
    GET_USAGE "get_usage" Get "/v1/usage" -> Json<UsageSums>,
    FILE_REPORT "file_report" Post "/v1/matches/{id}/reports" -> Json<FiledReport>,
    LIST_REPORTS "list_reports" Get "/v1/games/{game}/reports" -> Items<PlayerReport>,
    GET_REPORT "get_report" Get "/v1/reports/{report}" -> Json<PlayerReport>,
    SET_REPORT_STATE "set_report_state" Put "/v1/reports/{report}/state" -> Json<PlayerReport>,
}
