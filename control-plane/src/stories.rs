//! A control plane as a whole, over its end.

use serde_json::json;

use crate::testing::Stage;

#[tokio::test]
async fn a_restart_keeps_accounts_games_and_ended_matches() {
    let dir = tempfile::tempdir().unwrap();
    let before = Stage::on_disk(dir.path()).await;
    before.post("/v1/accounts", json!({"name": "ann", "password": "correct horse"})).await.expect(201);
    let version = before.publish("chess").await;
    let ended = before.play("chess", json!({})).await.expect(201);
    let running = before.play("chess", json!({"create": "public"})).await.expect(201);
    before.host.finish(ended["match"]["id"].as_str().unwrap());
    let key = before.developer_key.clone();
    before.finish().await;

    let after = Stage::on_disk(dir.path()).await;
    after.post("/v1/sessions", json!({"name": "ann", "password": "correct horse"})).await.expect(200);
    assert_eq!(after.get("/v1/games/chess").await.expect(200)["latest_version"], version["version"]);
    let path = |seat: &serde_json::Value| format!("/v1/matches/{}", seat["match"]["id"].as_str().unwrap());
    assert_eq!(after.get(&path(&ended)).await.expect(200)["end"]["kind"], "finished");
    assert_eq!(after.get(&path(&running)).await.expect(200)["end"]["kind"], "host-failed");
    let journal = after.get(&format!("{}/journal", path(&ended))).bearer(&key).await;
    assert_eq!(journal.body, b"whole journal");
    after.play("chess", json!({})).await.expect(201);
}
