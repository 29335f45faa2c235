//! What stands on the doors: the routes, word for word, for review.

use std::fmt::Write as _;

#[test]
fn the_routes_of_both_doors() {
    let mut text = String::from("The agents' door\n");
    for route in ma_api::routes() {
        let key = if route.needs_key { "key" } else { "open" };
        writeln!(
            text,
            "{:4} {:30} {key:4} {}",
            route.method, route.path, route.summary
        )
        .unwrap();
    }
    text.push_str("\nThe approval page\n");
    for (method, path, what) in ma_page::ROUTES {
        writeln!(text, "{method:4} {path:30} {what}").unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_two_doors_share_no_route() {
    for route in ma_api::routes() {
        assert!(route.path.starts_with("/v1/"), "{}", route.path);
    }
    for (_, path, _) in ma_page::ROUTES {
        assert!(!path.starts_with("/v1"), "{path}");
    }
}

#[test]
fn what_the_agents_door_refuses_with_a_fixed_text() {
    let mut text = String::new();
    for problem in ma_api::problems() {
        let value = serde_json::to_value(&problem).unwrap();
        writeln!(
            text,
            "{} {}\n  {}\n  {}",
            value["status"],
            value["code"].as_str().unwrap(),
            value["detail"].as_str().unwrap(),
            value["next"].as_str().unwrap()
        )
        .unwrap();
    }
    insta::assert_snapshot!(text);
}
