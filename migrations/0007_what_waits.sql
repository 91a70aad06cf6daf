-- What waits for somebody is looked up and counted all the time, among all that there ever was: plans
-- by their place, and incidents.
CREATE INDEX plans_pending_by_place ON plans (service, environment, id) WHERE status = 'pending_approval';
CREATE INDEX incidents_open ON incidents (id)
    WHERE CASE WHEN json_valid(body) THEN body ->> '$.status.kind' END IS NOT 'closed';
