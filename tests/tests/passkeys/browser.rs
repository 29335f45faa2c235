//! Requests to the page that no honest browser would make from the person's own tab.

use crate::scene::{Scene, notice};
use ma_tests::authenticator::Knobs;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// An open page with the answer that would approve.
struct Open {
    scene: Scene,
    answer: Value,
}

impl Open {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let page = scene.house.approval_page(&scene.id).await;
        let knobs = Knobs::honest(&scene.house.origin());
        let credential = scene
            .house
            .passkey
            .lock()
            .unwrap()
            .get(&page["ask"]["options"], &knobs);
        let answer = json!({"secret": page["secret"], "credential": credential});
        Self { scene, answer }
    }

    fn post(&self) -> RequestBuilder {
        let url = format!("{}/finish", self.scene.house.origin());
        self.scene.house.http.post(url)
    }

    async fn refused(&self, request: RequestBuilder, status: u16, why: &str) {
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{why}");
        let text = response.text().await.unwrap();
        assert!(
            !text.is_empty() && !text.contains("challenge"),
            "{why}: {text}"
        );
        self.scene.nothing_approved().await;
    }

    /// None of that ended the person's own page.
    async fn still_works(self) {
        let origin = self.scene.house.origin();
        let response = self
            .post()
            .header("origin", origin)
            .json(&self.answer)
            .send()
            .await;
        assert_eq!(response.unwrap().status(), StatusCode::OK);
        assert_eq!(
            self.scene.agent.wait(&self.scene.id).await["state"],
            "executed"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_our_origin_is_refused() {
    let open = Open::new().await;
    let port = open.scene.house.page_port;
    open.refused(open.post().json(&open.answer), 403, "no Origin")
        .await;
    for origin in [
        "null".to_owned(),
        "http://elsewhere.example".to_owned(),
        format!("http://127.0.0.1:{port}"),
        format!("https://localhost:{port}"),
        format!("http://localhost:{}", port ^ 1),
        format!("http://localhost:{port}/"),
        format!("http://localhost:{port} http://elsewhere.example"),
    ] {
        let request = open.post().header("origin", &origin).json(&open.answer);
        open.refused(request, 403, &origin).await;
    }
    open.still_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_another_name_is_refused() {
    let open = Open::new().await;
    let port = open.scene.house.page_port;
    for host in [
        format!("127.0.0.1:{port}"),
        format!("[::1]:{port}"),
        "localhost".to_owned(),
        format!("localhost:{}", port ^ 1),
        format!("rebound.example:{port}"),
        format!("LOCALHOST:{port}"),
    ] {
        let request = open
            .post()
            .header("host", &host)
            .header("origin", open.scene.house.origin())
            .json(&open.answer);
        open.refused(request, 421, &host).await;
    }
    open.still_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_and_a_frame_are_refused() {
    let open = Open::new().await;
    let house = &open.scene.house;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "anything"),
        ("sec-fetch-dest", "iframe"),
        ("sec-fetch-dest", "frame"),
        ("sec-fetch-dest", "object"),
        ("sec-fetch-dest", "embed"),
        ("sec-fetch-dest", "fencedframe"),
    ] {
        let request = open
            .post()
            .header("origin", house.origin())
            .header(name, value)
            .json(&open.answer);
        open.refused(request, 403, value).await;
        // Nor does it get the page, or use the link up.
        let get = house.http.get(house.opened()).header(name, value);
        open.refused(get, 403, value).await;
    }
    assert_eq!(notice(house, "link_opened_twice").await, None);
    open.still_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_or_no_json_is_refused() {
    let open = Open::new().await;
    let origin = open.scene.house.origin();
    let post = || open.post().header("origin", &origin);
    let typed = || post().header("content-type", "application/json");
    open.refused(typed().body("x".repeat(1 << 20)), 413, "a huge body")
        .await;
    let mut padded = open.answer.clone();
    padded["credential"]["padding"] = json!("x".repeat(70_000));
    open.refused(typed().body(padded.to_string()), 413, "a huge answer")
        .await;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonp",
    ] {
        let request = post()
            .header("content-type", kind)
            .body(open.answer.to_string());
        open.refused(request, 415, kind).await;
    }
    open.refused(post().body(open.answer.to_string()), 415, "no type")
        .await;
    for body in [
        "",
        "{",
        "{}",
        "[]",
        "null",
        "{\"secret\":1,\"credential\":{}}",
        "\u{feff}{}",
    ] {
        open.refused(typed().body(body), 400, body).await;
    }
    let mut more = open.answer.clone();
    more["approve"] = json!(true);
    open.refused(typed().body(more.to_string()), 400, "an unknown field")
        .await;
    open.refused(typed().body(vec![0xff, 0xfe, 0x7b]), 400, "no UTF-8")
        .await;
    open.still_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_and_paths_do_nothing() {
    let open = Open::new().await;
    let house = &open.scene.house;
    let url = |path: &str| format!("{}{path}", house.origin());
    for method in [
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
        Method::OPTIONS,
        Method::HEAD,
    ] {
        let response = house
            .http
            .request(method.clone(), url("/finish"))
            .json(&open.answer);
        assert_eq!(response.send().await.unwrap().status(), 405, "{method}");
    }
    let response = house.http.get(url("/finish")).send().await.unwrap();
    assert_eq!(response.status(), 405);
    // A look at the head of the link does not use it up.
    let head = house.http.head(house.opened()).send().await.unwrap();
    assert_eq!(head.status(), 405);
    for path in ["/", "/c", "/c/", "/approve", "/v1/proposals", "/v1/hello"] {
        let response = house.http.get(url(path)).send().await.unwrap();
        assert!(
            response.status().is_client_error(),
            "{path}: {}",
            response.status()
        );
    }
    assert_eq!(notice(house, "link_opened_twice").await, None);
    open.scene.nothing_approved().await;
    open.still_works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_forbids_frames_caches_and_foreign_scripts() {
    let scene = Scene::new().await;
    scene.house.engine.begin_approval(&scene.id).await.unwrap();
    let origin = scene.house.origin();
    for url in [
        scene.house.opened(),
        format!("{origin}/page.js"),
        format!("{origin}/none"),
    ] {
        let response = scene.house.http.get(&url).send().await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
        assert_eq!(header("referrer-policy"), "no-referrer");
        let policy = header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(
            response
                .headers()
                .get("access-control-allow-origin")
                .is_none()
        );
    }
}
