//! Stories of players who are reported.

use serde_json::{Value, json};

use crate::testing::Stage;

/// A match of two that is over: its id, and the tokens and ids of its players.
async fn a_match(stage: &Stage) -> (String, [(String, String); 2]) {
    let mut players = Vec::new();
    for _ in 0..2 {
        let guest = stage.post("/v1/guests", json!({})).await.expect(201);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        players.push((text(&guest["access_token"]), text(&guest["player"]["id"])));
    }
    let seat = stage.play_as(&players[0].0, "chess", json!({"create": "private"})).await.expect(201);
    stage.play_as(&players[1].0, "chess", json!({"code": seat["match"]["code"]})).await.expect(200);
    let id = seat["match"]["id"].as_str().unwrap().to_owned();
    stage.host.finish(&id);
    stage.settled().await;
    (id, [players.remove(0), players.remove(0)])
}

#[tokio::test]
async fn players_report_those_they_met_and_the_owner_closes_it() {
    let stage = Stage::new().await;
    stage.publish("chess").await;
    let (id, [(ann, ann_id), (_, eve_id)]) = a_match(&stage).await;
    let path = format!("/v1/matches/{id}/reports");
    let report = |player: &str| json!({"player": player, "reason": "cheating", "text": "walks\nthrough walls"});
    let filed = stage.post(&path, report(&eve_id)).bearer(&ann).await.expect(201);
    let filed = filed["id"].as_str().unwrap();
    for (token, body, status) in [
        (&ann, report(&eve_id), 409),
        (&ann, report(&ann_id), 422),
        (&ann, report("p-0102030405060708090a0b0c"), 403),
        (&stage.guest().await, report(&eve_id), 403),
        (&ann, json!({"player": eve_id, "reason": "winning"}), 422),
        (&ann, json!({"player": eve_id, "reason": "other", "text": "x".repeat(1_001)}), 422),
        (&ann, json!({"player": eve_id, "reason": "other", "text": "\u{0}"}), 422),
    ] {
        stage.post(&path, body).bearer(token).await.expect(status);
    }
    stage.post("/v1/matches/01h455vb4pex5vsknk084sn02q/reports", report(&eve_id)).bearer(&ann).await.expect(404);

    let list = "/v1/games/chess/reports";
    let page = stage.get(&format!("{list}?state=open")).bearer(&stage.developer_key).await.expect(200);
    let item = &page["items"][0];
    assert_eq!((&item["id"], &item["player"], &item["reporter"]), (&json!(filed), &json!(eve_id), &json!(ann_id)));
    assert_eq!((&item["reason"], &item["text"]), (&json!("cheating"), &json!("walks\nthrough walls")));
    stage.get(list).bearer(&ann).await.expect(403);
    let path = format!("/v1/reports/{filed}");
    stage.get(&path).bearer(&ann).await.expect(403);
    assert_eq!(stage.get(&path).bearer(&stage.developer_key).await.expect(200), *item);
    let close = json!({"state": "resolved", "note": "banned"});
    stage.put_json(&format!("{path}/state"), close.clone()).bearer(&ann).await.expect(403);
    let closed = stage.put_json(&format!("{path}/state"), close).bearer(&stage.developer_key).await.expect(200);
    assert_eq!((&closed["state"], &closed["note"]), (&json!("resolved"), &json!("banned")));
    assert_eq!(stage.get(&path).bearer(&stage.developer_key).await.expect(200), closed);
    let page = stage.get(&format!("{list}?state=open")).bearer(&stage.developer_key).await.expect(200);
    assert_eq!(page["items"], json!([]));
    let unknown = "/v1/reports/r-000000000000000000000000";
    stage.get(unknown).bearer(&stage.developer_key).await.expect(404);
    stage.get("/v1/reports/r-1").bearer(&stage.developer_key).await.expect(400);

    let events = "/v1/games/chess/events?kind=report.filed,report.closed";
    let events = stage.get(events).bearer(&stage.developer_key).await.expect(200);
    assert_eq!(events["items"][0]["data"], json!({"report": filed, "state": "resolved"}));
    assert_eq!(events["items"][1]["data"], json!({"report": filed, "reason": "cheating"}));
    let operator = stage.control_plane.create_operator_key("operator").await.unwrap();
    let audit = stage.get("/v1/audit?action=PUT%20/v1/reports").bearer(&operator).await.expect(200);
    let statuses: Vec<_> = audit["items"].as_array().unwrap().iter().map(|entry| &entry["status"]).collect();
    assert!(statuses.contains(&&json!(200)), "{audit}");
}

#[tokio::test]
async fn an_open_report_holds_the_journal_of_its_match() {
    let stage = Stage::with(|config| config.matches.journals = 1).await;
    stage.publish("chess").await;
    let (held, [(ann, _), (_, eve_id)]) = a_match(&stage).await;
    let report = json!({"player": eve_id, "reason": "griefing"});
    let filed = stage.post(&format!("/v1/matches/{held}/reports"), report).bearer(&ann).await.expect(201);
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(a_match(&stage).await.0);
    }
    let journal =
        async |id: &str| stage.get(&format!("/v1/matches/{id}/journal")).bearer(&stage.developer_key).await.status;
    assert_eq!(journal(&held).await, 200, "it is evidence");
    assert_eq!((journal(&others[0]).await, journal(&others[1]).await), (404, 404));
    let state = format!("/v1/reports/{}/state", filed["id"].as_str().unwrap());
    stage.put_json(&state, json!({"state": "dismissed"})).bearer(&stage.developer_key).await.expect(200);
    a_match(&stage).await;
    assert_eq!(journal(&held).await, 404, "it goes with the others now");
}

#[tokio::test]
async fn nobody_reports_without_end_and_deleted_accounts_take_their_words_with_them() {
    let stage = Stage::new().await;
    stage.publish("chess").await;
    let ann = stage.post("/v1/accounts", json!({"name": "ann", "password": "correct horse"})).await.expect(201);
    let token = ann["access_token"].as_str().unwrap();
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let guest = stage.post("/v1/guests", json!({})).await.expect(201);
        let seat = stage.play_as(token, "chess", json!({"create": "private"})).await.expect(201);
        let code = json!({"code": seat["match"]["code"]});
        stage.play_as(guest["access_token"].as_str().unwrap(), "chess", code).await.expect(200);
        let path = format!("/v1/matches/{}/reports", seat["match"]["id"].as_str().unwrap());
        let body = json!({"player": guest["player"]["id"], "reason": "other", "text": "my own words"});
        // Also while the match runs.
        statuses.push(stage.post(&path, body).bearer(token).await.status);
    }
    assert_eq!((statuses[..10].to_vec(), &statuses[10..]), (vec![201; 10], &[429, 429][..]));
    let export = stage.get("/v1/me/export").bearer(token).await.expect(200);
    assert_eq!(export["reports"].as_array().unwrap().len(), 10);
    assert_eq!(export["reports"][0]["text"], "my own words");
    let delete = json!({"confirm": ann["player"]["id"], "password": "correct horse"});
    assert_eq!(stage.post("/v1/me/delete", delete).bearer(token).await.status, 204);
    let page = stage.get("/v1/games/chess/reports?limit=3").bearer(&stage.developer_key).await.expect(200);
    assert!(page["items"].as_array().unwrap().iter().all(|report| report["text"] == ""), "{page}");
    let next = format!("/v1/games/chess/reports?limit=200&cursor={}", page["next_cursor"].as_str().unwrap());
    let rest = stage.get(&next).bearer(&stage.developer_key).await.expect(200);
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (7, &Value::Null));
}
