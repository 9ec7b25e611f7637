Feature: The directory source reads finished config files and nothing else

  Background:
    Given a pod "shop/web-0"
    And the leader "replica-1"

  Scenario Outline: A file that is <what> is ignored
    When the file "<file>" orders to delete the pod "shop/web-0"
    And the system works
    Then nothing was executed
    And the log does not name "<file>"

    Examples:
      | what            | file              |
      | hidden          | .c1@1.json        |
      | temporary       | c1@1.json.tmp     |
      | an editor's     | c1@1.json~        |
      | still arriving  | c1@1.json.partial |

  Scenario: A temporary file that gets its final name is executed
    When the file "c1@1.json.tmp" orders to delete the pod "shop/web-0"
    And the system works
    And the file "c1@1.json.tmp" is renamed to "c1@1.json"
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"

  Scenario: A config in YAML
    When the file "c1@1.yaml" contains:
      """
      actions:
        - action_type: delete_pod
          resource: {api_version: v1, kind: Pod, namespace: shop, name: web-0}
          timestamp: {seconds: 1787220000, nanos: 0}
      """
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"
    And the action "c1:v1" is "succeeded"
