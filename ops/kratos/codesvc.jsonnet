// What Ory Kratos sends to codesvc: request_config.body of the courier (docs/en/relay/kratos.md).
// The default body of Kratos lacks the codes of sign-in and sign-up.
function(ctx)
  local field(object, name) = if std.objectHas(object, name) && object[name] != null then object[name] else '';
  local data = if std.objectHas(ctx, 'template_data') && ctx.template_data != null then ctx.template_data else {};
  local names = ['login_code', 'registration_code', 'verification_code', 'recovery_code'];
  local codes = [data[name] for name in names if field(data, name) != ''];
  local identity = if std.isObject(field(data, 'identity')) then data.identity else {};
  local headers = if std.objectHas(ctx, 'request_headers') && ctx.request_headers != null then ctx.request_headers else {};
  local header(name) = if std.isArray(field(headers, name)) && std.length(headers[name]) > 0 then headers[name][0] else '';
  {
    to: ctx.recipient,
    text: field(ctx, 'body'),
    subject: field(ctx, 'subject'),
    template_type: field(ctx, 'template_type'),
    message_type: field(ctx, 'message_type'),
    code: if std.length(codes) > 0 then codes[0] else '',
    user_id: field(identity, 'id'),
    expires_in_minutes: if field(data, 'expires_in_minutes') == '' then 0 else data.expires_in_minutes,
    locale: header('Accept-Language'),
    client_ip: header('True-Client-Ip'),
  }
