Feature: A malformed payload is refused, and the refusal names the field

  Background:
    Given a pod "shop/web-0"
    And the leader "replica-1"

  Scenario Outline: A config that is no list of actions: <what>
    When the config "c1" version 1 says "<payload>"
    And the system works
    Then nothing was executed
    And the source was told of an error in "c1": "<field>"
    And the destination counts "c1:v1" once, as "rejected"

    Examples:
      | what                    | payload                          | field   |
      | empty                   |                                  | payload |
      | not JSON                | delete the pod, please           | payload |
      | half a document         | {"actions": [                    | payload |
      | a list                  | []                               | payload |
      | an unknown member       | {"actions": [], "priority": 1}   | priority |
      | no actions              | {}                               | actions |
      | actions is no list      | {"actions": {}}                  | actions |
      | an empty list           | {"actions": []}                  | actions |
      | the same key twice      | {"actions": [], "actions": []}   | actions |

  Scenario Outline: An action of the first shape with <what>
    When the config "c1" version 1 orders to delete the pod "shop/web-0", but <change>
    And the system works
    Then nothing was executed
    And the action "c1:v1" is "rejected" and says "<field>"
    And the destination counts "c1:v1" once, as "rejected"

    Examples:
      | what                      | change                                              | field                            |
      | no action type            | without action_type                                 | actions[0]                       |
      | an unknown action type    | action_type is "explode_pod"                        | actions[0].action_type           |
      | no resource               | without resource                                    | actions[0].resource              |
      | no kind                   | without resource.kind                               | actions[0].resource.kind         |
      | the wrong kind            | resource.kind is "Deployment"                       | actions[0].resource.kind         |
      | a kind in lower case      | resource.kind is "pod"                              | actions[0].resource.kind         |
      | no name                   | without resource.name                               | actions[0].resource.name         |
      | a name that is a path     | resource.name is "../../kube-system/pods/dns"       | actions[0].resource.name         |
      | a name in capitals        | resource.name is "Web-0"                            | actions[0].resource.name         |
      | no namespace              | without resource.namespace                          | actions[0].resource.namespace    |
      | a namespace that is a path | resource.namespace is "shop/../kube-system"        | actions[0].resource.namespace    |
      | an unknown member         | resource.colour is "blue"                           | actions[0].resource.colour       |
      | no timestamp              | without timestamp                                   | actions[0].timestamp             |
      | a timestamp of nonsense   | timestamp is "yesterday"                            | actions[0].timestamp             |
      | a negative timestamp      | timestamp is {"seconds": -5}                        | actions[0].timestamp.seconds     |
      | an unknown parameter      | parameters is {"gracePeriod": "0"}                  | actions[0].parameters            |
      | a negative grace period   | parameters is {"grace_period_seconds": "-1"}        | grace_period_seconds             |
      | two action types          | restart_deployment is {}                            | actions[0].restart_deployment    |

  Scenario: A payload that is not UTF-8
    When the config "c1" version 1 says the bytes "ff fe 7b 7d"
    And the system works
    Then nothing was executed
    And the source was told of an error in "c1": "UTF-8"

  Scenario: A config with more actions than allowed is refused as a whole
    Given the agents are set up with:
      | DD_KUBEACTIONS_LIMITS_ACTIONS_PER_CONFIG | 2 |
    When "replica-1" is shut down
    And "replica-1" starts
    And the config "c1" version 1 orders to delete the pods "shop/web-0, shop/web-0, shop/web-0"
    And the system works
    Then nothing was executed
    And the source was told of an error in "c1": "actions"

  Scenario: A malformed config does not keep the next one from running
    When the config "c1" version 1 says "delete the pod, please"
    And the config "c2" version 1 orders to delete the pod "shop/web-0"
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"

  Scenario: A malformed config is corrected by its next version
    When the config "c1" version 1 says "delete the pod, please"
    And the system works
    And the config "c1" version 2 orders to delete the pod "shop/web-0"
    And the system works
    Then the pod "shop/web-0" was deleted once, by "replica-1"
