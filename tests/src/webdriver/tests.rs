use axum::Router;
use axum::response::Html;
use axum::routing::get;

use super::*;

const PAGE: &str = r#"<!doctype html><title>Example</title>
<p data-testid="state">ready</p>
<input data-testid="name" value="old">
<button data-testid="make" onclick="run(make)">Make</button>
<button data-testid="use" onclick="run(use)">Use</button>
<script>
const rp = { id: "localhost", name: "Example" };
const user = { id: new Uint8Array([1]), name: "me", displayName: "Me" };
const challenge = new Uint8Array(32);
const state = document.querySelector("[data-testid=state]");
async function run(action) {
  try { state.textContent = "done " + await action(); } catch (error) { state.textContent = error.name; }
}
async function make() {
  const authenticatorSelection = { userVerification: "required" };
  const pubKeyCredParams = [{ type: "public-key", alg: -7 }];
  const publicKey = { rp, user, challenge, pubKeyCredParams, authenticatorSelection };
  const made = await navigator.credentials.create({ publicKey });
  window.id = made.rawId;
  return made.type;
}
async function use() {
  const allowCredentials = [{ type: "public-key", id: window.id }];
  const publicKey = { challenge, allowCredentials, userVerification: "required", timeout: 2000 };
  const used = await navigator.credentials.get({ publicKey });
  return used.toJSON().response.signature.length > 0;
}
</script>"#;

async fn serve() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!(
        "http://localhost:{}/",
        listener.local_addr().unwrap().port()
    );
    let router = Router::new().route("/", get(async || Html(PAGE)));
    tokio::spawn(async { axum::serve(listener, router).await });
    address
}

#[tokio::test]
async fn a_browser_makes_and_uses_a_passkey() {
    let address = serve().await;
    let browser = Browser::start().await;
    let page = &browser.page;
    page.goto(&address).await;
    assert_eq!(page.text("state").await, "ready");
    page.click("make").await;
    page.wait_for_text("state", "done public-key").await;
    page.click("use").await;
    page.wait_for_text("state", "done true").await;

    let credentials = browser.credentials().await;
    assert_eq!(credentials.len(), 1);
    assert_eq!(credentials[0]["rpId"], "localhost");
    browser.set_verified(false).await;
    page.click("use").await;
    page.wait_for_text("state", "NotAllowedError").await;
    browser.set_verified(true).await;
    browser
        .remove_credential(credentials[0]["credentialId"].as_str().unwrap())
        .await;
    assert!(browser.credentials().await.is_empty());
    browser.add_credential(credentials[0].clone()).await;
    page.click("use").await;
    page.wait_for_text("state", "done true").await;
}

#[tokio::test]
async fn a_replaced_authenticator_is_empty() {
    let address = serve().await;
    let mut browser = Browser::start().await;
    browser.page.goto(&address).await;
    browser.page.click("make").await;
    browser.page.wait_for_text("state", "done").await;
    browser.replace_authenticator(true).await;
    assert!(browser.credentials().await.is_empty());
}

#[tokio::test]
async fn a_page_is_read_and_filled() {
    let address = serve().await;
    let browser = Browser::start().await;
    let page = &browser.page;
    page.goto(&address).await;
    page.fill("name", "new").await;
    let value = page
        .run("return document.querySelector('input').value", Vec::new())
        .await;
    assert_eq!(value, "new");
    assert_eq!(
        page.run_async("return 1 + await Promise.resolve(2)").await,
        3
    );
    assert_eq!(page.texts("make").await, ["Make"]);
    assert!(!page.has("missing").await);
    page.wait_gone("missing").await;
    let folder = Folder::new();
    page.screenshot(&folder.join("page.png")).await;
    assert!(
        std::fs::read(folder.join("page.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
}

/// WebKit's own small browser stands in for the application.
#[tokio::test]
async fn a_window_of_webkit_on_the_desktop_is_driven() {
    let address = serve().await;
    let desktop = Desktop::start().await;
    let libraries = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    let browser = Path::new(&libraries).join("webkit2gtk-4.1/MiniBrowser");
    let page = Page::of_app(&desktop, &browser, &["--automation"], &[]).await;
    page.goto(&address).await;
    assert_eq!(page.text("state").await, "ready");
    page.click("make").await;
    page.wait_for_text("state", "TypeError").await;
}
