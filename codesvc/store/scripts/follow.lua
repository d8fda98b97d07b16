-- Purpose: note that an openid follows again, or has left. Bindings stay: a WeChat that left still guards its user
--   (DESIGN rule 6); it is only not pushed to.
-- KEYS: gone
-- ARGS: offset follows keep
-- OUTCOMES: done
-- USES: clock

if A.follows == '1' then
  redis.call('DEL', K.gone)
else
  redis.call('SET', K.gone, string.format('%.0f', now), 'PX', A.keep)
end
return {'done', now}
